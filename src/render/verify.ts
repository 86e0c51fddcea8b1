import type { Database, Session } from '../db/database.ts';
import { messageOf, shorten, ZenError } from '../errors.ts';
import { version } from '../files.ts';
import { partMark, decode, scan } from '../shared/data/payload.ts';
import type { Parts, Payload, Sketch } from '../shared/data/payload.ts';
import { sumUp } from '../shared/data/totals.ts';
import { queryAgain } from './aggregates.ts';
import { compareEvents, compareFacts, compareTables } from './compare.ts';
import type { Difference } from './compare.ts';
import { translateTo } from './locale.ts';
import { describePage, findPart, hash, hashPage, hashParts, hashStyle, readLanguage } from './manifest.ts';
import type { PageParts, Manifest } from './manifest.ts';
import { unpackParts } from './pack.ts';
import { writePolicy } from './csp.ts';
import { dayMs } from '../time.ts';

export interface Verified {
  manifest: Manifest;
  /** The data of the page, unpacked; null when altered and unreadable. */
  data: Parts | null;
  differences: Difference[];
}

/** The most bytes of data for a page of a given size: a week of a busy log has 50 MB in a page of 15. */
export const roomFor = (bytes: number) => Math.max(64e6, 3 * bytes);

/**
 * Checks a page against its manifest: complete, unchanged, with the script of the version it names if that is this one,
 * and its tables of the same events. With a database, also checks that it still holds every row.
 *
 * @param room bytes of data beyond which it is no page
 * @throws ZenError `failed` for a file that is no page of zen's, or one whose manifest cannot be read, or whose data
 *   cannot, though they are as stated
 */
export async function verify(html: Buffer, db?: Database, room?: number): Promise<Verified> {
  const { manifest, content, policy } = readPage(html);
  const altered = compareFacts(manifest, { payload: hash(content.packed) }, 'the page');
  const found = unpackPayload(content.packed, altered.length > 0, room);
  if (!found) return { manifest, data: null, differences: altered };
  const { data, sketch } = found;
  const facts = describePage(sketch, content);
  const isOurs = manifest.zen === version();
  const own = { ...facts, zen: manifest.zen, page: hashPage(html) };
  const differences = compareFacts(manifest, isOurs ? own : { ...own, sql: manifest.sql }, 'the page');
  differences.push(...compareFacts({ policy }, { policy: writePolicy(content) }, 'the page'));
  const isHeld = db !== undefined || room === undefined || canHold(sketch);
  const payload = isHeld ? decodeAll(data) : null;
  if (payload) differences.push(...compareEvents(payload));
  const parts = { ...own, style: hashStyle(content.style) };
  if (isOurs) differences.push(...compareFacts(parts, hashParts(), 'this version of zen'));
  if (db && payload && !differences.some(({ where }) => where === 'the page')) {
    const translate = translateTo(readLanguage(html));
    const read = (session: Session) => queryAgain(session, payload, translate);
    const held = await db.transaction(read, { snapshot: 'read only', beside: true });
    differences.push(...compareFacts(sumUp(payload), sumUp(held), db.label));
    differences.push(...compareTables(payload, held, db.label));
  }
  return { manifest, data, differences };
}

/** @throws ZenError `failed` for marginals that do not match the rows */
function decodeAll(data: Parts): Payload {
  try {
    return decode(data);
  } catch (error) {
    throw refuseData(messageOf(error), error);
  }
}

function refuseData(why: string, cause: unknown): ZenError {
  return new ZenError('failed', `The data of this page cannot be read: ${why}.`, { cause });
}

/** The most rows, cells and days of a stranger's tables to compare, because more would fill the memory. */
const mostRows = 3_000_000;
const mostCellsCompared = 100_000;
const mostDays = 4 * 366;

function canHold({ start, end, returns, ...page }: Sketch): boolean {
  const tables = [...Object.values(page.tables).map(({ cells }) => cells), ...(returns ? [returns] : [])];
  const sum = (of: 'held' | 'cells') => tables.reduce((all, table) => all + table[of], 0);
  return end - start <= mostDays * dayMs && sum('held') <= mostRows && sum('cells') <= mostCellsCompared;
}

/** The most bytes of a manifest, which has fifteen short texts. */
const longest = 10_000;

function readPage(html: Buffer): { manifest: Manifest; content: PageParts; policy: string } {
  const text = findPart(html, 'manifest');
  if (text.length === 0)
    throw new ZenError('failed', 'This is not a page that zen rendered: it has no manifest.');
  const content = {
    packed: (['payload', 'rows'] as const)
      .map((name) => findPart(html, name).toString('latin1'))
      .filter((text, at) => at === 0 || text !== '')
      .join(partMark),
    script: findPart(html, 'script'),
    style: findPart(html, 'style'),
  };
  const policy = findPart(html, 'policy').subarray(0, longest).toString();
  try {
    if (text.length > longest) throw new Error('it is too long');
    const manifest = JSON.parse(text.toString()) as Manifest;
    // eslint-disable-next-line no-control-regex
    const isPlain = (value: unknown) => value === null || /^[^\x00-\x1f\x7f-\x9f]*$/.test(value as string);
    if (!Object.values(manifest).every((value) => typeof value !== 'object' || value === null))
      throw new Error('it holds more than texts and numbers');
    if (!Object.values(manifest).every(isPlain)) throw new Error('it holds control characters');
    return { manifest, content, policy };
  } catch (error) {
    throw new ZenError('failed', `The manifest of this page cannot be read: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

/** @param altered whether it is known to be other data than is stated: then null tells that it cannot be read */
function unpackPayload(
  packed: string,
  altered: boolean,
  room?: number,
): { data: Parts; sketch: Sketch } | null {
  try {
    const data = unpackParts(packed, room);
    return { data, sketch: scan(data) };
  } catch (error) {
    if (altered) return null;
    const isLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    const more = `it has more than ${(room ?? 0) / 1e6} MB of data, allow more (--max-size)`;
    const said = isLarge ? more : shorten(messageOf(error), 200);
    throw refuseData(said, error);
  }
}
