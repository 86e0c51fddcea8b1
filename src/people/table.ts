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

/** The result of the statement that fills `dash_engagement` and gathers its users. */
export interface Gathered {
  /** The aggregates that are filled by it, with their rows. */
  filled: Record<string, number>;
  seen: CellUsers[];
}

/**
 * Fills a window of `dash_engagement`, and gives the users of the whole UTC days that it touches: what is counted of a minute
 * depends on what was before it on its day, and what follows depends on it. A project's own aggregate in its place is left to be
 * filled by its own statement.
 *
 * @param events how many these days have at most
 */
export async function gatherUsers(
  session: Session,
  { start, end }: Window,
  minute: Minute,
  events: number,
): Promise<Gathered> {
  const { name, isOwn } = findCounting('users');
  const days = wholeDays({ start, end });
  if (isOwn) return { filled: {}, seen: await queryCellUsers(session, days, minute, events) };
  const seen = await session.query<CellUsers & { filled: number }>(overLog('people/engagement'), [
    ...windowOf(days, minute),
    ...[start, end, minutesAtOnce(events)],
  ]);
  return { filled: { [name]: seen[0]?.filled ?? 0 }, seen };
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

/** Takes whole days out of `dash_users`, where it is. */
export async function clearUsers(session: Session, { start, end }: Window): Promise<void> {
  if (await hasTable(session, 'dash_users')) await session.run(sql('people/clear'), [start, end]);
}

/** Shortens the reach of what was counted from a UTC midnight on, so that it does not go back beyond it. */
export async function shortenReach(session: Session, end: number): Promise<void> {
  if (await hasTable(session, 'dash_users')) await session.run(sql('people/shorten'), [end, mostReach]);
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
export async function fillUsers(session: Session, returns: readonly DayReturns[]): Promise<void> {
  let rows: string[] = [];
  let length = 0;
  for (const [number, one] of returns.entries()) {
    const row = encodeReturns(one);
    rows.push(row);
    length += row.length;
    if (length < enough && number + 1 < returns.length) continue;
    await session.run(sql('people/fill'), [`[${rows.join()}]`]);
    [rows, length] = [[], 0];
  }
}

/** A row as JSON, its arrays as PostgreSQL writes them. */
function encodeReturns({ pairs, base, ...scope }: DayReturns): string {
  const { minutes, previous, users } = countPairs(pairs, base);
  const before = previous.join().replaceAll(String(never), 'NULL');
  return JSON.stringify({
    ...scope,
    ...{ minutes: `{${minutes.join()}}`, previous: `{${before}}`, users: `{${users.join()}}` },
  });
}
