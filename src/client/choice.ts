import { Control } from './control.ts';

/** A choice of any number of names, as buttons. None chosen means all. */
export class Choice extends Control<string[]> {
  #buttons = new Map<string | null, HTMLButtonElement>();

  /** Offers names to choose from, each with its colour in the charts if it has one. */
  offer(names: string[], colorOf: (name: string) => string | undefined = () => undefined): void {
    this.#add(null, this.dataset.all ?? '');
    for (const name of names) {
      const color = colorOf(name);
      const button = this.#add(name, name);
      if (color) button.style.setProperty('--color', color);
    }
    this.show();
  }

  #add(name: string | null, label: string): HTMLButtonElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = label;
    button.addEventListener('click', () => {
      this.choose(name === null ? null : this.#toggle(name));
    });
    this.#buttons.set(name, button);
    this.append(button);
    return button;
  }

  #toggle(name: string): string[] {
    const chosen = this.value ?? [];
    return chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name];
  }

  protected override resolve(value: string[] | null): string[] | null {
    return value && value.length > 0 ? [...value] : null;
  }

  protected override show(): void {
    this.classList.toggle('is-filtered', this.value !== null);
    for (const [name, button] of this.#buttons) {
      const pressed = name === null ? this.value === null : this.value?.includes(name) === true;
      button.setAttribute('aria-pressed', String(pressed));
    }
  }
}
