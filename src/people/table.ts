import { dayMinutes } from '../time.ts';
import type { Session } from '../db/database.ts';
import { hasTable, widenNames } from '../db/tables.ts';
import { sql } from '../files.ts';
import { mostReach } from '../ledger/uncounted.ts';
import { wholeDays } from '../ledger/windows.ts';
import { findCounting } from '../log/aggregates.ts';
import { overLog, windowOf } from '../log/log.ts';
import type { Minute } from '../log/log.ts';
import type { Window } from '../time.ts';
import type { CellUsers } from './lookback.ts';
import { countPairs, never } from './return-pairs.ts';
import type { DayReturns } from './count-returns.ts';

/** Tells whether this role may fill `dash_users`, or make it where it is not. */
export async function mayCountUsers(session: Session): Promise<boolean> {
  return (await session.query<{ may: boolean }>(sql('people/may')))[0]?.may === true;
}

/** Makes `dash_users` where it is not there and this role may; when asked, with room for long names. */
export async function createUsers(session: Session, wide: boolean): Promise<void> {
  if (!(await mayCountUsers(session))) return;
  if (!(await hasTable(session, 'dash_users'))) {
    await session.run(sql('people/table'));
    await session.run(sql('people/index'));
  }
  if (wide) await widenNames(session, 'dash_users');
}

/** Rows that an aggregate now has in a window, and whether others were taken out. */
export interface Filled {
  rows: number;
  replaced: boolean;
}

/** The result of the statement that fills `dash_engagement` and gathers its users. */
export interface Gathered {
  /** The aggregates that are filled by it, with what was done. */
  filled: Record<string, Filled>;
  seen: CellUsers[];
}

/**
 * Fills a window of `dash_engagement`, and gives the users of the whole UTC days that it touches: what is counted of a minute
 * depends on what was before it on its day, and what follows depends on it. A project's own aggregate in its place is left to be
 * filled by its own statement.
 *
 * @param events how many these days have at most
 * @param filling the part of the statement that fills, from `sql/aggregate`
 */
export async function gatherUsers(
  session: Session,
  { start, end }: Window,
  minute: Minute,
  events: number,
  filling: string,
): Promise<Gathered> {
  const { name, isOwn } = findCounting('users');
  const days = wholeDays({ start, end });
  if (isOwn) return { filled: {}, seen: await queryCellUsers(session, days, minute, events) };
  const text = overLog('people/engagement', { filling });
  const seen = await session.query<CellUsers & { filled: number; gone: number }>(text, [
    ...windowOf(days, minute),
    ...[start, end, minutesAtOnce(events)],
  ]);
  const [one] = seen; // none where the log has no event of these days
  return { filled: { [name]: { rows: one?.filled ?? 0, replaced: one?.gone !== 0 } }, seen };
}

/**
 * Reads who was seen on the whole UTC days of a window. Ids are in memory, and nowhere else.
 *
 * @param events how many there are at most
 */
export function queryCellUsers(
  session: Session,
  window: Window,
  minute: Minute,
  events?: number,
): Promise<CellUsers[]> {
  return session.query(overLog('people/users'), [...windowOf(window, minute), minutesAtOnce(events)]);
}

/** Minutes whose users come in one text, of which there may be 537 million characters in Node: all, or few where there may be many. */
function minutesAtOnce(events = Infinity): number {
  return events <= 3_000_000 ? dayMinutes : 10;
}

/** Takes whole days out of `dash_users`, where it is, and gives the number of its rows that went. */
async function clearUsers(session: Session, { start, end }: Window): Promise<number> {
  return (await hasTable(session, 'dash_users')) ? session.run(sql('people/clear'), [start, end]) : 0;
}

/**
 * Has whole days of `dash_users` be what was counted of them. Days that are so already are not written again, as their rows would take
 * room twice.
 *
 * @returns whether rows were taken out
 */
export async function replaceUsers(
  session: Session,
  { start, end }: Window,
  returns: readonly DayReturns[],
): Promise<boolean> {
  if (returns.length > 0) {
    const held = await session.query<EncodedReturns>(sql('people/held'), [start, end]);
    const isSame = held.length === returns.length && isSameSet(held, returns.map(encodeReturns));
    if (isSame) return false;
  }
  const gone = await clearUsers(session, { start, end });
  await fillUsers(session, returns);
  return gone > 0;
}

/** The columns of `dash_users` as they are sent, and read. */
const sent = ['day', 'reach', 'every_topic', 'item_topic', 'every_age', 'age_segment', 'event', 'or_event'];

function writeRow(row: EncodedReturns): string {
  return JSON.stringify(row, [...sent, 'minutes', 'previous', 'users']);
}

function isSameSet(some: readonly EncodedReturns[], others: readonly EncodedReturns[]): boolean {
  const rows = new Set(some.map(writeRow));
  return rows.size === some.length && others.every((row) => rows.has(writeRow(row)));
}

/**
 * Shortens the reach of what was counted from a UTC midnight on, or a later one, so that it does not go back beyond it.
 *
 * @returns the number of rows that were shortened
 */
export async function shortenReach(session: Session, end: number, from = end): Promise<number> {
  const isThere = await hasTable(session, 'dash_users');
  return isThere ? session.run(sql('people/shorten'), [end, mostReach, from]) : 0;
}

/** Takes whole days out of `dash_users`, with what reaches back into them, where this role may. */
export async function pruneUsers(session: Session, window: Window): Promise<void> {
  if (!(await mayCountUsers(session))) return;
  await clearUsers(session, window);
  await shortenReach(session, window.end);
}

/** Letters that are sent at once, at least. */
const enough = 1 << 20;

/**
 * Writes rows of `dash_users`, by INSERT: row security, under which COPY does not work, lets it through. It takes half as long as COPY in
 * the embedded database. On a server, COPY binary would save a tenth of a night whose people are spread over the day, and nothing of others.
 */
async function fillUsers(session: Session, returns: readonly DayReturns[]): Promise<void> {
  let rows: string[] = [];
  let length = 0;
  for (const [number, one] of returns.entries()) {
    const row = JSON.stringify(encodeReturns(one));
    rows.push(row);
    length += row.length;
    if (length < enough && number + 1 < returns.length) continue;
    await session.run(sql('people/fill'), [`[${rows.join()}]`]);
    [rows, length] = [[], 0];
  }
}

/** A row, its arrays as PostgreSQL writes them. */
type EncodedReturns = Omit<DayReturns, 'pairs' | 'base'> & Record<'minutes' | 'previous' | 'users', string>;

function encodeReturns({ pairs, base, ...scope }: DayReturns): EncodedReturns {
  const { minutes, previous, users } = countPairs(pairs, base);
  const before = previous.join().replaceAll(String(never), 'NULL');
  return {
    ...scope,
    ...{ minutes: `{${minutes.join()}}`, previous: `{${before}}`, users: `{${users.join()}}` },
  };
}
