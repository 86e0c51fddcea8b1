import type { Session } from '../db/database.ts';
import { hasTable } from '../db/tables.ts';
import { sql } from '../files.ts';
import type { Minute } from '../ledger/ledger.ts';
import type { Window } from '../time.ts';
import type { Seen } from './past.ts';
import { listPairs } from './pairs.ts';
import type { Returns } from './returns.ts';

/** Whether this role may fill `dash_users`, or make it where it is not. */
export async function mayCountUsers(session: Session): Promise<boolean> {
  return (await session.query<{ may: boolean }>(sql('aggregate/users/may')))[0]?.may === true;
}

/** Gives a table of an earlier zen the column that it lacks; what it holds stays true. */
export async function updateUsers(session: Session): Promise<void> {
  const column = "select from pg_attribute where attrelid = to_regclass('dash_users') and attname = 'reach'";
  if ((await session.query(column)).length === 0) await session.run(sql('aggregate/users/reach'));
}

/** What one statement gives that fills `dash_engagement`. */
export interface Gathered {
  /** The rows of `dash_engagement`. */
  filled: number;
  seen: Seen[];
}

/**
 * Fills a window of `dash_engagement`, and gives the users of the whole UTC days that it touches: what is counted of a minute
 * depends on what was before it on its day, and what follows depends on it. Ids are in memory meanwhile, and nowhere else.
 */
export async function gatherUsers(
  session: Session,
  { start, end }: Window,
  days: Window,
  minute: Minute,
): Promise<Gathered> {
  const seen = await session.query<Seen & { filled: number }>(sql('aggregate/users/engagement'), [
    ...[start, end, minute, days.start, days.end],
  ]);
  return { filled: seen[0]?.filled ?? 0, seen };
}

/** Takes whole days out of `dash_users`, where it is. */
export async function clearUsers(session: Session, { start, end }: Window): Promise<void> {
  if (await hasTable(session, 'dash_users')) await session.run(sql('aggregate/users/clear'), [start, end]);
}

/**
 * What was counted from a UTC midnight on no longer reaches back beyond it.
 *
 * @param most days from there that may
 * @returns those that did, Unix milliseconds, and how far they reach now
 */
export async function shortenReach(
  session: Session,
  end: number,
  most: number,
): Promise<{ day: number; reach: number }[]> {
  if (!(await hasTable(session, 'dash_users'))) return [];
  return session.query(sql('aggregate/users/shorten'), [end, most]);
}

/** Characters of a statement, so that a busy day is not one of some hundred million. */
const batch = 4_000_000;

export async function fillUsers(session: Session, returns: readonly Returns[]): Promise<void> {
  let rows: object[] = [];
  let size = 0;
  const write = async () => {
    await session.run(sql('aggregate/users/fill'), [JSON.stringify(rows)]);
    [rows, size] = [[], 0];
  };
  for (const { pairs, ...scope } of returns) {
    const lists = listPairs(pairs);
    rows.push({ ...scope, ...lists });
    size += lists.minutes.length + lists.previous.length + lists.users.length;
    if (size > batch) await write();
  }
  if (rows.length > 0) await write();
}
