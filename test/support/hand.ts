import type { EnginePage, Place } from './engines.ts';
import type { Watching } from './seen.ts';
import { until } from './until.ts';

/** The page as a person works it, by selectors; every act is one of pointer or keyboard. */
export class Hand {
  readonly #page: EnginePage;
  constructor(page: EnginePage) {
    this.#page = page;
  }

  /** The middle of what is found, once it is within sight. */
  async #find(selector: string, at = 0): Promise<Place> {
    return this.#page.evaluate(
      (selector, at) => {
        const element = [...document.querySelectorAll(selector)].filter(
          (each) => each.getClientRects().length > 0,
        )[at];
        if (!element) throw new Error(`Nothing to see is ${selector}, ${at}.`);
        element.scrollIntoView({ block: 'center', behavior: 'instant' });
        const { left, top, width, height } = element.getBoundingClientRect();
        return [Math.round(left + width / 2), Math.round(top + height / 2)] as [number, number];
      },
      selector,
      at,
    );
  }

  async #clickAt(x: number, y: number, times = 1): Promise<void> {
    await this.#page.mouse.click(x, y, times);
  }

  async click(selector: string, at = 0, times = 1): Promise<void> {
    await this.#clickAt(...(await this.#find(selector, at)), times);
  }

  /** Takes a file, and waits until it is there. */
  async take(selector: string): Promise<void> {
    await this.click(selector);
    await this.#page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          const look = () => {
            if ((globalThis as Watching).watched.files.length === 0) requestAnimationFrame(look);
            else resolve();
          };
          look();
        }),
    );
  }

  /** Unfolds each table, and takes small charts back, so that pages can be compared. */
  async showTables(): Promise<void> {
    await this.#page.evaluate(() => {
      for (const head of document.querySelectorAll<HTMLElement>(
        ':is(.sheet, #definitions):not([open]) > summary',
      ))
        head.click();
      document.querySelector<HTMLElement>('.expand[aria-pressed=true]')?.click();
    });
  }

  async hover(selector: string): Promise<void> {
    await this.#page.mouse.move(...(await this.#find(selector)));
  }

  async tap(selector: string): Promise<void> {
    await this.#page.touch(await this.#find(selector));
  }

  /** A name among buttons that have it as their text. */
  async choose(control: string, name: string, times = 1): Promise<void> {
    const at = await this.#page.evaluate(
      (control, name) =>
        [...document.querySelectorAll(`${control} .name`)]
          .filter((each) => each.getClientRects().length > 0)
          .findIndex(({ textContent }) => textContent === name),
      control,
      name,
    );
    await this.click(`${control} .name`, at, times);
  }

  /** Double-clicks a name; a busy machine may be too slow for that, and takes the name in and out again. */
  async isolate(control: string, name: string): Promise<void> {
    await until(async () => {
      await this.choose(control, name, 2);
      return this.#page.evaluate(() => location.hash.length > 1);
    });
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.#page.keyboard.press(key);
  }

  async focus(selector: string): Promise<void> {
    await this.#page.evaluate((selector) => {
      document.querySelector<HTMLElement>(selector)?.focus();
    }, selector);
  }

  /** Writes into a field in the place of what stands in it. */
  async write(selector: string, text: string, at = 0): Promise<void> {
    await this.click(selector, at);
    await this.#page.evaluate(() => {
      (document.activeElement as HTMLInputElement).select();
    });
    await this.#page.keyboard.type(text);
  }

  /** Picks from a list that the browser itself draws: none of the drivers opens it. */
  async pick(selector: string, value: string): Promise<void> {
    await this.#page.evaluate(
      (selector, value) => {
        const list = document.querySelector<HTMLSelectElement>(selector);
        const wanted = [...(list?.options ?? [])].find((option) =>
          [option.value, option.label].includes(value),
        );
        if (!list || !wanted) throw new Error(`${selector} has no ${value}.`);
        list.focus();
        list.value = wanted.value;
        for (const type of ['input', 'change']) list.dispatchEvent(new Event(type, { bubbles: true }));
      },
      selector,
      value,
    );
  }

  /** The place of a time in the history's plot. */
  async #at(time: number): Promise<Place> {
    await this.#find('#history .view');
    return this.#page.evaluate((time) => {
      const panel = document.querySelector('#history') as unknown as {
        view: { origin(): [number, number]; scale(name: string): (ms: number) => number };
      };
      const box = document.querySelector('#history .view svg')?.getBoundingClientRect();
      if (!box) throw new Error('The history has no picture.');
      const [left] = panel.view.origin();
      const x = box.left + left + panel.view.scale('x')(time);
      return [Math.round(x), Math.round(box.top + box.height / 2)] as [number, number];
    }, time);
  }

  async pin(time: number): Promise<void> {
    await this.#clickAt(...(await this.#at(time)));
  }

  /** Draws the mouse over a stretch of the history. */
  async brush(from: number, to: number): Promise<void> {
    await this.#drag(await this.#between(from, to));
  }

  /** Draws the mouse sideways from the middle of what is found, for a part of the width of its parent. */
  async drag(selector: string, by: number, at = 0): Promise<void> {
    const [x, y] = await this.#find(selector, at);
    const width = await this.#page.evaluate(
      (selector) => document.querySelector(selector)?.parentElement?.clientWidth ?? NaN,
      selector,
    );
    const steps = [1, 2, 3].map((step): Place => [Math.round(x + (by * width * step) / 3), y]);
    await this.#drag([[x, y], ...steps]);
  }

  async #drag([start, ...places]: [Place, ...Place[]]): Promise<void> {
    const { mouse } = this.#page;
    await mouse.move(...start);
    await mouse.down();
    for (const place of places) await mouse.move(...place);
    await mouse.up();
  }

  /** Draws a finger over it. */
  async swipe(from: number, to: number): Promise<void> {
    await this.#page.touch(...(await this.#between(from, to)));
  }

  async #between(from: number, to: number): Promise<[Place, ...Place[]]> {
    const [start, y] = await this.#at(from);
    const [end] = await this.#at(to);
    const steps = [1, 2, 3, 4, 5];
    return [[start, y], ...steps.map((step): Place => [start + Math.round(((end - start) * step) / 5), y])];
  }

  async follow(hash: string): Promise<void> {
    await this.#travel((hash) => {
      location.hash = hash;
    }, hash);
  }

  async back(): Promise<void> {
    await this.#travel(() => {
      history.back();
    }, '');
  }

  async forward(): Promise<void> {
    await this.#travel(() => {
      history.forward();
    }, '');
  }

  /** Goes to another hash, and waits until the page has heard of it. */
  async #travel(go: (hash: string) => void, hash: string): Promise<void> {
    await this.#page.evaluate(() => {
      (globalThis as Watching).travelled = new Promise((resolve) => {
        addEventListener('hashchange', resolve, { once: true });
      });
    });
    await this.#page.evaluate(go, hash);
    await this.#page.evaluate(() => (globalThis as Watching).travelled.then(() => null));
  }
}
