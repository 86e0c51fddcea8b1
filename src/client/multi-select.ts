import { areSame } from '../shared/selection.ts';
import type { Writer } from '../shared/text/format.ts';
import type { Translate } from '../shared/text/messages.ts';
import type { NamedGroup } from '../shared/data/payload.ts';
import { known } from '../shared/known.ts';
import { Control } from './control.ts';
import { foldMenu } from './menu.ts';

/** A selectable name, with its buttons. */
interface Option {
  name: string;
  button: HTMLButtonElement;
  only: HTMLButtonElement | null;
}

/**
 * A choice of any number of names, as buttons in the page. None chosen means all. To exclude some, choose them and
 * invert the choice.
 */
export class MultiSelect extends Control<string[]> {
  #options: Option[] = [];
  #write: Writer | undefined;
  /** The buttons of named groups, each of which chooses all names of its group. */
  #groups: { button: HTMLElement; names: string[] }[] = [];

  /** The selectable names. */
  get names(): string[] {
    return this.#options.map(({ name }) => name);
  }

  /** Offers names, and groups of them, in the order of their buttons. */
  offer(names: readonly string[], write: Writer, groups: readonly NamedGroup[]): void {
    this.#write = write;
    const ofGroups = this.querySelectorAll<HTMLElement>('.group');
    this.#groups = groups.map(({ names }, at) => ({ names, button: known(ofGroups[at]) }));
    for (const { button, names } of this.#groups)
      button.addEventListener('click', () => {
        this.toggleGroup(names);
      });
    const buttons = this.querySelectorAll<HTMLButtonElement>('.name');
    this.#options = names.flatMap((name, index) => {
      const button = buttons[index];
      return button
        ? [{ name, button, only: button.closest('.option')?.querySelector('.only') ?? null }]
        : [];
    });
    for (const { name, button, only } of this.#options) {
      button.addEventListener('click', () => {
        this.toggle(name);
      });
      for (const [target, type] of [[button, 'dblclick'] as const, [only, 'click'] as const])
        target?.addEventListener(type, () => {
          this.choose([name]);
          button.focus();
        });
    }
    this.querySelector('.all')?.addEventListener('click', () => {
      this.choose(null);
    });
    this.querySelector('.invert')?.addEventListener('click', () => {
      const { value } = this;
      if (value) this.choose(this.names.filter((name) => !value.includes(name)));
    });
    this.#find();
    this.#walk();
    const menu = this.querySelector('details');
    if (menu) foldMenu(menu);
    this.show();
  }

  /** Adds a name to the choice, or removes it. */
  protected toggle(name: string): void {
    const chosen = this.value ?? [];
    this.choose(chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name]);
  }

  /** Chooses only the names of a group; or all names, when the group is already chosen. */
  protected toggleGroup(names: readonly string[]): void {
    this.choose(this.#isChosen(names) ? null : [...names]);
  }

  #isChosen(names: readonly string[]): boolean {
    return this.value !== null && areSame(names, this.value);
  }

  /** Hides names that do not contain the text of the field; Enter chooses the rest. */
  #find(): void {
    const input = this.querySelector('input');
    const matches = (name: string) =>
      name.toLocaleLowerCase().includes(input?.value.trim().toLocaleLowerCase() ?? '');
    const hide = () => {
      this.classList.toggle('is-finding', (input?.value.trim() ?? '') !== '');
      for (const { name, button } of this.#options)
        button.closest('.option')?.toggleAttribute('hidden', !matches(name));
      this.#stop();
    };
    hide(); // a browser may have kept the search text, or the rows that it hid
    input?.addEventListener('input', (event) => {
      event.stopPropagation();
      hide();
    });
    input?.addEventListener('change', (event) => {
      event.stopPropagation();
    });
    input?.addEventListener('keydown', ({ key }) => {
      if (key === 'Enter' && input.value.trim() !== '') this.choose(this.names.filter(matches));
    });
  }

  /** Makes the buttons one Tab stop with arrow keys between them (WAI-ARIA's toolbar pattern). */
  #walk(): void {
    this.addEventListener('focusin', ({ target }) => {
      if (target instanceof HTMLButtonElement) this.#stop(target);
    });
    this.addEventListener('keydown', (event) => {
      const reachable = this.#reachable();
      const at = reachable.indexOf(event.target as HTMLButtonElement);
      const next = at < 0 ? undefined : reachable.at(strides[event.key]?.(at, reachable.length) ?? at);
      if (!next || !(event.key in strides)) return;
      event.preventDefault();
      next.focus();
    });
  }

  #reachable(): HTMLButtonElement[] {
    return [...this.querySelectorAll('button')].filter(
      (button) => !button.closest('[hidden], zen-topics:not(.is-finding) .is-folded'),
    );
  }

  #stop(wanted = this.querySelector<HTMLButtonElement>('button[tabindex="0"]')): void {
    const reachable = this.#reachable();
    const stop = wanted && reachable.includes(wanted) ? wanted : reachable[0];
    for (const button of this.querySelectorAll('button')) button.tabIndex = button === stop ? 0 : -1;
  }

  protected override resolve(value: string[] | null): string[] | null {
    return value && value.length > 0 && value.length < this.names.length ? [...value] : null;
  }

  protected override show(): void {
    const { value } = this;
    this.classList.toggle('is-filtered', value !== null);
    this.querySelector('.all')?.setAttribute('aria-pressed', String(value === null));
    this.querySelector('.invert')?.setAttribute('aria-disabled', String(value === null));
    for (const { name, button, only } of this.#options) {
      const chosen = value?.includes(name) ?? false;
      button.setAttribute('aria-pressed', String(chosen));
      button.closest('.option')?.classList.toggle('is-chosen', chosen);
      only?.toggleAttribute('hidden', value === null || (chosen && value.length === 1));
    }
    for (const { button, names } of this.#groups) {
      button.setAttribute('aria-pressed', String(this.#isChosen(names)));
      button.closest('.section')?.classList.toggle('is-chosen', this.#isChosen(names));
    }
    const state = this.querySelector('.state');
    if (state && this.#write) state.textContent = this.tell(this.#write.t);
    this.#stop();
  }

  /** Shows what is chosen. */
  protected tell(t: Translate): string {
    return this.value
      ? t('{count} of {all}', { count: this.value.length, all: this.names.length })
      : t('All');
  }
}

const strides: Partial<Record<string, (at: number, length: number) => number>> = {
  ArrowRight: (at, length) => (at + 1) % length,
  ArrowDown: (at, length) => (at + 1) % length,
  ArrowLeft: (at) => at - 1,
  ArrowUp: (at) => at - 1,
  Home: () => 0,
  End: () => -1,
};
