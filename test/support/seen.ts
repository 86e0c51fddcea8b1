import { createHash } from 'node:crypto';
import type { Engine } from './engines.ts';
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

interface Watched {
  files: Promise<string>[];
  violations: string[];
}
export type Watching = typeof globalThis & { watched: Watched; travelled: Promise<unknown> };

/** Keeps what the page gives away, and what its policy forbids. The files are not saved: a driver of WebKit could not. */
function watch(): void {
  const watched: Watched = { files: [], violations: [] };
  Object.assign(globalThis, { watched });
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
    watched.violations.push(`${violatedDirective} ${blockedURI}`);
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
  const isShown = (element: Element) => element.getClientRects().length > 0;
  const shown = (selector: string) =>
    [...document.querySelectorAll<HTMLElement>(selector)]
      .filter(isShown)
      .map((each) => tidy(each.textContent));
  const states = (selector: string) =>
    [...document.querySelectorAll<HTMLInputElement>(selector)].map((each) =>
      tidy(each.value || each.getAttribute('aria-pressed')),
    );
  /** Charts that do not fill their room, boxes of which a part is beyond the window's edge, and a moment of a chart that is not shown. */
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
    ...[...document.querySelectorAll('.moment')].filter(
      (box) => isShown(box) && !document.querySelector('#history .view')?.clientWidth,
    ),
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
      topics: shown('#topics tbody tr'),
      state: shown('.state'),
      compared: shown('.compared'),
      moment: shown('.moment'),
      tooltip: shown('#vg-tooltip-element.visible'),
      fault: shown('.fault'),
      empty: shown('.empty'),
      tables: shown('details[open] :is(td, dd)'),
      said: shown('#share .said'),
      fields: states('#period input, #period select, #compare'),
      pressed: states('.all, .name, .group, [data-show], .expand'),
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
export async function open({ page }: Engine, url: string, isFramed: boolean): Promise<void> {
  await page.goto(url);
  await page.mouse.move(0, 0); // where one stood on a chart before, it would stand on one again
  if (isFramed) await page.enter();
  // Asked again and again: what is begun in a frame before its page has come is lost.
  await until(() => page.evaluate(isReady).catch(() => false));
  await page.evaluate(watch);
}

export async function look({ page }: Engine): Promise<Omit<Seen, 'step'>> {
  const state = JSON.parse(await page.evaluate(see)) as Omit<Seen, 'step'>;
  return { ...state, files: state.files.map(tellFile) };
}
