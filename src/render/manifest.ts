import { createHash } from 'node:crypto';
import { messageOf, ZenError } from '../errors.ts';
import { readBytes, readShipped, version } from '../files.ts';
import { listAggregates } from '../log/aggregates.ts';
import type { Payload, Sketch } from '../shared/data/payload.ts';
import { sumUp } from '../shared/data/totals.ts';
import { findClock } from '../shared/text/clock.ts';
import type { Clock } from '../shared/text/clock.ts';
import { listLocales } from './locale.ts';
import type { LocaleName } from './locale.ts';
import { readStyle, shippedStyle } from './looks.ts';
import { writeLadder } from './steps.ts';
import { isoTime } from '../time.ts';

/** The page's statement about itself, for `zen verify`. Hashes are SHA-256, in hex. */
export interface Manifest {
  zen: string;
  /** The period, ISO 8601, UTC. */
  start: string;
  end: string;
  /** The steps of its rows, in the form of `writeLadder`; null when all are minutes. */
  steps: string | null;
  /** The sum of the measure that counts the events. */
  events: number;
  /** The sum of each aggregate as `<its name>_sum`, and its database rows as `<its name>_rows`. */
  [sum: `${string}_rows` | `${string}_sum`]: number;
  /** The hash of the statements that produce the numbers. */
  sql: string;
  /** The hash of the payload's text as it stands in the page; a dot separates two parts. */
  payload: string;
  script: string;
  style: string;
  /** The hash of the page itself, computed with nothing between these quotes. Older pages have none. */
  page?: string;
}

/** The parts of a page that a manifest describes. */
export interface PageParts {
  packed: string;
  script: Uint8Array;
  style: Uint8Array;
}

export function describePage(payload: Payload | Sketch, { packed, script, style }: PageParts): Manifest {
  const { start, end, ladder } = payload;
  return {
    zen: version(),
    start: isoTime(start),
    end: isoTime(end),
    steps: writeLadder(ladder) || null,
    ...sumUp(payload),
    sql: hash(
      [
        ...listAggregates().map(({ statement }) => statement),
        ...statements.map((name) => readShipped(`sql/${name}.sql`)),
      ].join('\n'),
    ),
    payload: hash(packed),
    script: hashShared(script),
    style: hashShared(style),
  };
}

const statements = ['log/window', 'render/cells', 'render/users'];

const marks = {
  policy: ['<meta http-equiv="Content-Security-Policy" content="', '"'],
  style: ['<style>', '</style>'],
  payload: ['<script type="text/plain" id="payload">', '</script>'],
  rows: ['<script type="text/plain" id="rows">', '</script>'],
  manifest: ['<script type="application/json" id="manifest">', '</script>'],
  settings: ['<script type="application/json" id="settings">', '</script>'],
  script: ['<script>', '</script>'],
} as const;

/** Returns the bytes of a part of a page: the first match. Nothing is read twice, whatever else the page contains. */
export function findPart(page: Buffer, name: keyof typeof marks): Buffer {
  const [open, close] = marks[name];
  const from = page.indexOf(open) + open.length;
  const to = page.indexOf(close, from);
  return from < open.length || to < 0 ? page.subarray(0, 0) : page.subarray(from, to);
}

/** The most bytes of a page's settings, which are mostly its charts. */
const mostSettings = 8_000_000;

/** Reads what a page states about itself, apart from its data. @throws ZenError `failed` if that is not JSON */
export function readSettings(page: Buffer): object {
  const text = findPart(page, 'settings');
  try {
    if (text.length > mostSettings) throw new Error('they are too long');
    const settings: unknown = JSON.parse(text.toString());
    if (typeof settings !== 'object' || settings === null) throw new Error('they are none');
    return settings;
  } catch (error) {
    throw new ZenError('failed', `The settings of this page cannot be read: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

/** Returns the language of a page, which names missing values. */
export function readLanguage(page: Buffer): LocaleName {
  const { locale } = readSettings(page) as { locale?: { language?: unknown } };
  return listLocales().find((name) => name === locale?.language) ?? 'en';
}

/** Returns the clock of a page; UTC when it names no existing time zone. */
export function readClock(page: Buffer): Clock {
  const { locale } = readSettings(page) as { locale?: { timeZone?: unknown } };
  return findClock(locale?.timeZone);
}

const stated = /,"page":"([^"]*)"\}$/;

/** Splits the text around a page's hash, which is last in its manifest. */
function openSeal(page: Buffer): [Buffer, Buffer] {
  const manifest = findPart(page, 'manifest');
  const end = manifest.byteOffset - page.byteOffset + manifest.length;
  const length = stated.exec(manifest.subarray(-100).toString('latin1'))?.[1]?.length ?? -2;
  return [page.subarray(0, end - 2 - length), page.subarray(end - 2)];
}

/** Makes the file of a page: puts in its style and script, and its hash into its manifest, whose last name is `page`. */
export function seal(html: string, { style, script }: Pick<PageParts, 'style' | 'script'>): Buffer {
  const [head, rest] = cutAfter(html, marks.style[0]);
  const [body, end] = cutAfter(rest, marks.script[0]);
  const page = Buffer.concat([Buffer.from(head), style, Buffer.from(body), script, Buffer.from(end)]);
  const [before, after] = openSeal(page);
  return Buffer.concat([before, Buffer.from(hash(before, after)), after]);
}

function cutAfter(text: string, mark: string): [string, string] {
  const end = text.indexOf(mark) + mark.length;
  if (end < mark.length) throw new Error(`The page has no ${mark}.`);
  return [text.slice(0, end), text.slice(end)];
}

/** Computes the hash that a page should state for itself. */
export function hashPage(page: Buffer): string {
  return hash(...openSeal(page));
}

export function hash(...texts: (string | Uint8Array)[]): string {
  const sum = createHash('sha256');
  for (const text of texts) sum.update(text);
  return sum.digest('hex');
}

/** Parts that were hashed, the last one first. */
const hashed: { part: Buffer; sum: string }[] = [];

/** Hashes a part that pages share. To compare it with the last few takes a tenth of the time. */
export function hashShared(part: Uint8Array): string {
  const found = hashed.find((each) => each.part.equals(part));
  if (found) return found.sum;
  const sum = hash(part);
  hashed.unshift({ part: Buffer.from(part), sum });
  hashed.splice(mostHashed);
  return sum;
}

/** A script, a project's style, and Zen's style. */
const mostHashed = 3;

const scriptFile = 'dist/client.js';

/** Returns the script of pages of this version, and the style of this project's. */
export function readParts(): Pick<PageParts, 'script' | 'style'> {
  return { script: readBytes(scriptFile), style: Buffer.from(readStyle()) };
}

/** Returns the hashes of this version's script, and of its style, which a project's may follow. */
export function hashParts(): Pick<Manifest, 'script' | 'style'> {
  return { script: hashShared(readBytes(scriptFile)), style: hashShared(Buffer.from(shippedStyle())) };
}

/** Hashes the part of a page's style that is Zen's. */
export function hashStyle(style: Uint8Array): string {
  return hashShared(style.subarray(0, Buffer.byteLength(shippedStyle())));
}
