import { createHash } from 'node:crypto';
import { minuteMs } from '../../src/time.ts';
import type { Engine, EnginePage } from './engines.ts';
import { first, spike } from './three-days.ts';
import { until } from './until.ts';

/** The page as a reader sees it after a step. All browsers must show the same. */
export interface Seen {
  step: string;
  hash: string;
  /** The numbers that each visible chart draws. */
  rows: Record<string, unknown[]>;
  /** The visible words, by where they stand. */
  words: Record<string, string[]>;
  /** Files that the step gave: their kind, and their bytes, or the size of a picture in pixels. */
  files: string[];
}

/** The page as a person works it, by selectors; every act is one of pointer or keyboard. */
class Hand {
  readonly #page: EnginePage;
  constructor(page: EnginePage) {
    this.#page = page;
  }

  /** The middle of what is found, once it is within sight. */
  async #find(selector: string, at = 0): Promise<[x: number, y: number]> {
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

  async hover(selector: string): Promise<void> {
    await this.#page.mouse.move(...(await this.#find(selector)));
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
  async #at(time: number): Promise<[x: number, y: number]> {
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

  async brush(from: number, to: number): Promise<void> {
    const [start, y] = await this.#at(from);
    const [end] = await this.#at(to);
    await this.#page.mouse.move(start, y);
    await this.#page.mouse.down();
    for (let step = 1; step <= 5; step++)
      await this.#page.mouse.move(start + Math.round(((end - start) * step) / 5), y);
    await this.#page.mouse.up();
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

const minute = (day: number, hour: number) => first + (day * 24 + hour) * 60 * minuteMs;

/** Everything that a reader can do, by what the documents call it. Each step begins where the one before it ended. */
export const features: Record<string, [step: string, act: (hand: Hand) => Promise<void>][]> = {
  'open the file': [['opens', () => Promise.resolve()]],
  'choose topics': [
    ['one topic', (hand) => hand.choose('#topics', 'Наука')],
    ['a second one', (hand) => hand.choose('#topics', 'Дети')],
    ['all but these', (hand) => hand.click('#topics .invert')],
    ['all', (hand) => hand.click('#topics .all')],
    ['one alone, by a double click', (hand) => hand.isolate('#topics', 'Кино')],
    ['all again', (hand) => hand.click('#topics .all')],
    ['a topic', (hand) => hand.choose('#topics', 'Шоу')],
    ['“only” of another', (hand) => hand.click('#topics .option:not(.is-chosen) .only')],
    ['searches', (hand) => hand.write('#topics input[type=search]', 'е')],
    ['chooses what was found', (hand) => hand.press('Enter')],
    [
      'clears the search',
      async (hand) => {
        await hand.write('#topics input[type=search]', ' ');
        await hand.press('Backspace');
      },
    ],
    [
      'walks by keys',
      async (hand) => {
        await hand.focus('#topics .option .name');
        await hand.press('ArrowDown', 'Enter');
      },
    ],
    ['all topics', (hand) => hand.click('#topics .all')],
  ],
  'rank topics': [
    ['by name', (hand) => hand.click('[data-sort=name]')],
    ['by change', (hand) => hand.click('[data-sort=change]')],
    ['by click rate', (hand) => hand.click('[data-sort=clicks]')],
    ['the other way round', (hand) => hand.click('[data-sort=clicks]')],
    ['by events', (hand) => hand.click('[data-sort=events]')],
    ['small charts', (hand) => hand.click('.expand')],
    ['the history again', (hand) => hand.click('.expand')],
  ],
  'choose ages': [
    ['one age', (hand) => hand.choose('#ages', '18-25')],
    [
      'the other by key, which makes all',
      async (hand) => {
        await hand.press('ArrowRight', 'Enter');
      },
    ],
    ['one again', (hand) => hand.choose('#ages', '18-25')],
    ['all ages', (hand) => hand.click('#ages .all')],
  ],
  'choose a period': [
    [
      'types its start',
      async (hand) => {
        await hand.write('#period input', '23.09.2019 06:00');
        await hand.press('Enter');
      },
    ],
    [
      'types its end',
      async (hand) => {
        await hand.write('#period input', '2019-09-24 18:00', 1);
        await hand.press('Enter');
      },
    ],
    [
      'types what is no time',
      async (hand) => {
        await hand.write('#period input', 'вчера');
        await hand.press('Enter');
      },
    ],
    ['takes it back', (hand) => hand.press('Escape')],
    ['steps a part of it', (hand) => hand.press('Home', 'ArrowUp')],
    ['picks a day', (hand) => hand.pick('#period select', 'вт, 24 сентября')],
    ['brushes', (hand) => hand.brush(minute(2, 6), minute(2, 20))],
    ['brushes closer', (hand) => hand.brush(minute(2, 10), minute(2, 12))],
    ['resets', (hand) => hand.click('#reset')],
  ],
  compare: [
    ['the last day', (hand) => hand.pick('#period select', 'вт, 24 сентября')],
    ['with the day before', (hand) => hand.pick('#compare', 'day')],
    ['with nothing', (hand) => hand.pick('#compare', 'none')],
    ['with the day before again', (hand) => hand.pick('#compare', 'day')],
    ['a topic of it', (hand) => hand.choose('#topics', 'Дети')],
    [
      'resets the comparison',
      async (hand) => {
        await hand.follow('#');
      },
    ],
  ],
  'explain a moment': [
    ['stands on it', (hand) => hand.hover('#history .view')],
    ['pins it', (hand) => hand.pin(spike + 7 * minuteMs)],
    ['lets go', (hand) => hand.press('Escape')],
    [
      'walks by keys',
      async (hand) => {
        await hand.focus('#history .view');
        await hand.press('ArrowRight', 'ArrowRight', 'PageDown');
      },
    ],
    ['lets go again', (hand) => hand.press('Escape')],
  ],
  'switch panels': [
    ['sources by topics', (hand) => hand.click('#sources [data-show=matrix]')],
    ['a source of it', (hand) => hand.click('#matrix .mark-rect path')],
    ['all', (hand) => hand.click('#reset')],
    ['the pie', (hand) => hand.click('#matrix [data-show=sources]')],
    ['the funnel by age', (hand) => hand.click('#funnel [data-show=funnel_ages]')],
    ['the funnel by topic', (hand) => hand.click('#funnel_ages [data-show=funnel_topics]')],
    ['the funnel of people', (hand) => hand.click('#funnel_topics [data-show=people]')],
    ['of one topic', (hand) => hand.choose('#topics', 'Кино')],
    ['the funnel by shows', (hand) => hand.click('#people [data-show=funnel]')],
    ['of all', (hand) => hand.click('#topics .all')],
  ],
  'undo and redo': [
    ['an age', (hand) => hand.choose('#ages', '45+')],
    ['and a topic', (hand) => hand.choose('#topics', 'Семья')],
    ['back', (hand) => hand.back()],
    ['forward', (hand) => hand.forward()],
    ['a chip', (hand) => hand.click('#summary .chip')],
    ['Escape', (hand) => hand.press('Escape')],
  ],
  'follow a link': [
    [
      'to a selection',
      (hand) =>
        hand.follow(
          `#from=2019-09-23T10:00&to=2019-09-23T16:00&topics=${encodeURIComponent('Кино,Шоу')}&ages=18-25&funnel=funnel_topics`,
        ),
    ],
    ['to names that are not there', (hand) => hand.follow('#topics=%F0%9F%98%80,x&ages=%E0%A4%A')],
    ['to all', (hand) => hand.follow('#')],
  ],
  'read tables': [
    ['of the history', (hand) => hand.click('#history .sheet summary')],
    ['of sources', (hand) => hand.click('#sources .sheet summary')],
    ['of the funnel', (hand) => hand.click('#funnel .sheet summary')],
    ['of one topic', (hand) => hand.choose('#topics', 'Россия')],
    ['the definitions', (hand) => hand.click('#definitions summary')],
  ],
  'take away': [
    ['CSV of the history', (hand) => hand.take('#history [data-take=csv]')],
    ['CSV of sources', (hand) => hand.take('#sources [data-take=csv]')],
    ['SVG of the funnel', (hand) => hand.take('#funnel [data-take=svg]')],
    ['PNG of the history', (hand) => hand.take('#history [data-take=png]')],
    ['the menu', (hand) => hand.click('#share summary')],
    ['XLSX', (hand) => hand.take('[data-share=xlsx]')],
    ['the view as a file', (hand) => hand.take('[data-share=page]')],
    ['a slide', (hand) => hand.take('[data-share=picture]')],
  ],
};

interface Watched {
  files: Promise<string>[];
  violations: string[];
}
type Watching = typeof globalThis & { watched: Watched; travelled: Promise<unknown> };

/** Keeps what the page gives away, and what its policy forbids. The files are not saved: a driver of WebKit could not. */
function watch(): void {
  const watched: Watched = { files: [], violations: [] };
  Object.assign(globalThis, { watched });
  document.addEventListener('securitypolicyviolation', ({ violatedDirective }) => {
    watched.violations.push(violatedDirective);
  });
  addEventListener('error', ({ message }) => watched.violations.push(message));
  addEventListener('unhandledrejection', ({ reason }) => watched.violations.push(String(reason)));
  const toBase64 = (file: Blob) =>
    new Promise<string>((resolve) => {
      const reader = new FileReader();
      reader.onload = () => {
        resolve(reader.result as string);
      };
      reader.readAsDataURL(file);
    });
  URL.createObjectURL = (file: Blob) => {
    watched.files.push(toBase64(file));
    return '#kept';
  };
  HTMLAnchorElement.prototype.click = function () {
    if (this.getAttribute('href') !== '#kept') throw new Error(`Something else is saved: ${this.href}`);
  };
}

/** Reads the page once all is drawn that was asked for, which takes two frames, and what they began. */
async function see(): Promise<string> {
  interface Panel extends HTMLElement {
    data: Record<string, unknown>[];
    view: { runAsync(): Promise<unknown> } | undefined;
  }
  const frame = () => new Promise(requestAnimationFrame);
  const charts = () => [...document.querySelectorAll<Panel>('zen-chart:not([hidden])')];
  for (let time = 0; time < 2; time++) {
    for (const panel of charts()) await panel.view?.runAsync();
    await frame();
  }
  const { watched } = globalThis as Watching;
  const round = (value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(12)) : value);
  const tidy = (text: string | null) => (text ?? '').replace(/\s+/g, ' ').trim();
  const shown = (selector: string) =>
    [...document.querySelectorAll<HTMLElement>(selector)]
      .filter((each) => each.getClientRects().length > 0)
      .map((each) => tidy(each.textContent));
  const states = (selector: string) =>
    [...document.querySelectorAll<HTMLInputElement>(selector)].map((each) =>
      tidy(each.value || each.getAttribute('aria-pressed')),
    );
  /** Charts that do not fill their room, and boxes of which a part is beyond the window's edge. */
  const misfits = [
    ...charts().filter((panel) => {
      const [room, picture] = ['.view', '.view svg'].map(
        (part) => panel.querySelector(part)?.clientWidth ?? 0,
      );
      return room !== picture;
    }),
    ...[...document.querySelectorAll('.menu[open] .list, .moment')].filter((box) => {
      const { left, right } = box.getBoundingClientRect();
      return left < 0 || right > innerWidth;
    }),
  ].map((each) => each.id || each.className);
  const files = await Promise.all(watched.files.splice(0));
  // One text: the drivers are slow with objects of objects.
  return JSON.stringify({
    hash: location.hash,
    rows: Object.fromEntries(
      charts().map((panel) => [
        panel.id,
        panel.data.map((row) =>
          Object.fromEntries(
            Object.entries(row)
              .map(([field, value]) => [field, round(value)] as const)
              .sort(([a], [b]) => (a < b ? -1 : 1)),
          ),
        ),
      ]),
    ),
    words: {
      notice: shown('#notice'),
      summary: shown('#summary'),
      change: shown('#change'),
      findings: shown('.finding'),
      headline: shown('.headline dd'),
      topics: shown('#topics .option'),
      state: shown('.state'),
      compared: shown('.compared'),
      moment: shown('.moment'),
      fault: shown('.fault'),
      empty: shown('.empty'),
      tables: shown('details[open] :is(td, dd)'),
      said: shown('#share .said'),
      fields: states('#period input, #period select, #compare'),
      pressed: states('.all, .name, [data-show], .expand'),
      violations: watched.violations,
      misfits,
    },
    files,
  });
}

/**
 * A file in words that are the same in each browser: of a picture no places of letters, as
 * each measures and draws these in its own way.
 */
function tellFile(url: string): string {
  const [kind = '', text = ''] = url.split(';base64,');
  const bytes = Buffer.from(text, 'base64');
  const digest = (content: Buffer | string) =>
    createHash('sha256').update(content).digest('hex').slice(0, 12);
  switch (kind) {
    case 'data:image/png':
      return `${kind} ${bytes.readUInt32BE(16)} × ${bytes.readUInt32BE(20)}`;
    case 'data:image/svg+xml':
      return `${kind} ${digest(bytes.toString().replaceAll(/-?\d+(\.\d+)?/g, '0'))}`;
    default:
      return `${kind} ${bytes.length} ${digest(bytes)}`;
  }
}

/** A page that was saved while it was open says that it is ready before its script has begun. */
function isReady(): boolean {
  return performance.getEntriesByName('zen-ready').length > 0;
}

/** Opens a page, or a page that has it in a frame, and waits until its filters work. */
async function open({ page }: Engine, url: string, isFramed: boolean): Promise<void> {
  await page.goto(url);
  if (isFramed) await page.enter();
  // Asked again and again: what is begun in a frame before its page has come is lost.
  await until(() => page.evaluate(isReady).catch(() => false));
  await page.evaluate(watch);
}

async function look({ page }: Engine): Promise<Omit<Seen, 'step'>> {
  const state = JSON.parse(await page.evaluate(see)) as Omit<Seen, 'step'>;
  return { ...state, files: state.files.map(tellFile) };
}

/** Goes through all features with a browser, and tells what was seen after each step. */
export async function play(engine: Engine, url: string): Promise<Map<string, Seen[]>> {
  await open(engine, url, false);
  const hand = new Hand(engine.page);
  const seen = new Map<string, Seen[]>();
  for (const [feature, steps] of Object.entries(features)) {
    const all: Seen[] = [];
    for (const [step, act] of steps) {
      await act(hand).catch((cause: unknown) => {
        throw new Error(`${feature}, ${step}: it could not be done.`, { cause });
      });
      all.push({ step, ...(await look(engine)) });
    }
    seen.set(feature, all);
  }
  return seen;
}

/** Leaves the page as no reader would want to save it: sorted, searched, with a moment pinned. */
export async function clutter(engine: Engine, url: string): Promise<void> {
  await open(engine, url, false);
  const hand = new Hand(engine.page);
  await hand.choose('#ages', '45+');
  await hand.click('[data-sort=clicks]');
  await hand.write('#topics input[type=search]', 'е');
  await hand.click('#history .sheet summary');
  await hand.pin(spike);
  await look(engine);
}

/** Filters the page by an age and takes a file from it, wherever it is, and tells what was seen. */
export async function visit(engine: Engine, url: string, isFramed = false): Promise<Seen> {
  await open(engine, url, isFramed);
  const hand = new Hand(engine.page);
  await hand.choose('#ages', '45+');
  await hand.take('#sources [data-take=csv]');
  return { step: 'filters by an age', ...(await look(engine)) };
}
