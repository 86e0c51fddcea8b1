import { Control } from './control.ts';

/** A name to choose, with its colour in the charts, and what is said of it, if anything. */
export interface Offer {
  name: string;
  color?: string | undefined;
  note?: string | undefined;
}

/** A choice of any number of names, as buttons. None chosen means all. */
export class Choice extends Control<string[]> {
  #buttons = new Map<string | null, HTMLButtonElement>();

  /** The names that may be chosen. */
  get names(): string[] {
    return [...this.#buttons.keys()].filter((name) => name !== null);
  }

  /** Offers names to choose from. */
  offer(offers: readonly Offer[]): void {
    this.replaceChildren(); // the key that stands there for readers without JavaScript
    this.#add(null, this.dataset.all ?? '');
    for (const { name, color, note } of offers) {
      const button = this.#add(name, name);
      button.title = [note, this.dataset.only].filter(Boolean).join('\n');
      if (color) button.style.setProperty('--color', color);
    }
    if (this.dataset.search) this.prepend(this.#search(this.dataset.search));
    this.show();
  }

  #add(name: string | null, label: string): HTMLButtonElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = label;
    button.addEventListener('click', () => {
      this.choose(name === null ? null : this.#toggle(name));
    });
    button.addEventListener('dblclick', () => {
      if (name !== null) this.choose([name]);
    });
    this.#buttons.set(name, button);
    this.append(button);
    return button;
  }

  /** A field that hides what does not hold its text; Enter chooses what is left. */
  #search(label: string): HTMLInputElement {
    const input = document.createElement('input');
    input.type = 'search';
    input.placeholder = label;
    input.setAttribute('aria-label', label);
    const matches = (name: string) =>
      name.toLocaleLowerCase().includes(input.value.trim().toLocaleLowerCase());
    input.addEventListener('input', (event) => {
      event.stopPropagation();
      for (const [name, button] of this.#buttons) button.hidden = name !== null && !matches(name);
    });
    input.addEventListener('keydown', ({ key }) => {
      if (key === 'Enter' && input.value.trim() !== '') this.choose(this.names.filter(matches));
    });
    return input;
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
