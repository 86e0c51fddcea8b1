import { inflateSync } from 'node:zlib';
import type { Database, Session } from '../db/database.ts';
import { messageOf, ZenError } from '../errors.ts';
import { version } from '../files.ts';
import { decode } from '../shared/payload.ts';
import type { Payload } from '../shared/payload.ts';
import type { Settings } from '../shared/settings.ts';
import { translator } from '../shared/words.ts';
import { queryAgain } from './aggregates.ts';
import { compareEvents, compareFacts, compareTables } from './compare.ts';
import type { Difference } from './compare.ts';
import { describePage, hash, hashPage, hashParts, sumUp } from './manifest.ts';
import type { Content, Manifest } from './manifest.ts';
import { writePolicy } from './policy.ts';

export interface Verified {
  manifest: Manifest;
  /** The data of the page; null when they were altered and cannot be read. */
  payload: Payload | null;
  differences: Difference[];
}

/**
 * Looks whether a page is what its manifest says: whole, unchanged, with the script of the version that it names when that is
 * this one, its two tables of the same events, and, where it is, whether every row of it is in a database now.
 *
 * @throws ZenError `failed` for a file that is no page of zen's, or one whose manifest cannot be read, or
 *   whose data cannot, though they are as stated
 */
export async function verify(html: string, db?: Database): Promise<Verified> {
  const { manifest, content, policy } = readPage(html);
  const altered = compareFacts(manifest, { payload: hash(content.packed) }, 'the page');
  const payload = unpack(content.packed, altered.length > 0);
  if (!payload) return { manifest, payload, differences: altered };
  const facts = describePage(payload, content);
  const whole = manifest.page === undefined ? denyOthers(manifest, facts) : { page: hashPage(html) };
  const found = { ...facts, zen: manifest.zen, ...whole };
  const isOurs = manifest.zen === version();
  const differences = compareFacts(manifest, isOurs ? found : { ...found, sql: manifest.sql }, 'the page');
  differences.push(...compareFacts({ policy }, { policy: writePolicy(content) }, 'the page'));
  differences.push(...compareEvents(payload));
  if (isOurs) differences.push(...compareFacts(found, hashParts(), 'this version of zen'));
  if (db && !differences.some(({ where }) => where === 'the page')) {
    const translate = translator(readSettings(html).locale);
    const read = (session: Session) => queryAgain(session, payload, translate);
    const held = await db.transaction(read, { snapshot: 'read only' });
    differences.push(...compareFacts(sumUp(payload), sumUp(held), db.label));
    differences.push(...compareTables(payload, held, db.label));
  }
  return { manifest, payload, differences };
}

function readPage(html: string): { manifest: Manifest; content: Content; policy: string } {
  const part = (pattern: RegExp) => find(html, pattern);
  const text = part(/<script type="application\/json" id="manifest">(.*?)<\/script>/s);
  if (text === '') throw new ZenError('failed', 'This is no page that zen rendered: it has no manifest.');
  const content = {
    packed: part(/<script type="text\/plain" id="payload">(.*?)<\/script>/s),
    script: part(/<script>(.*?)<\/script>\s*<\/body>/s),
    style: part(/<style>(.*?)<\/style>/s),
  };
  const policy = part(/<meta http-equiv="Content-Security-Policy" content="([^"]*)"/);
  try {
    return { manifest: JSON.parse(text) as Manifest, content, policy };
  } catch (error) {
    throw new ZenError('failed', `The manifest of this page cannot be read: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

/** @param html a page that `verify` has found whole */
export function readSettings(html: string): Settings {
  return JSON.parse(
    find(html, /<script type="application\/json" id="settings">(.*?)<\/script>/s),
  ) as Settings;
}

function find(html: string, pattern: RegExp): string {
  return pattern.exec(html)?.[1] ?? '';
}

/** @param altered whether it is known to be other data than is stated: then null tells that it cannot be read */
function unpack(packed: string, altered: boolean): Payload | null {
  try {
    return decode(inflateSync(Buffer.from(packed, 'base64')));
  } catch (error) {
    if (altered) return null;
    throw new ZenError('failed', `The data of this page cannot be read: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

/** That nothing else may be stated, for pages of before they had a hash of all of them. */
function denyOthers(manifest: Manifest, facts: object): Record<string, undefined> {
  const others = Object.keys(manifest).filter((name) => !(name in facts));
  return Object.fromEntries(others.map((name) => [name, undefined]));
}
