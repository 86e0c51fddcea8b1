import type { Database, Session } from '../db/database.ts';
import { hasTable } from '../db/tables.ts';
import { sql } from '../files.ts';
import { findCounting, overEvents } from '../log/aggregates.ts';
import { listNamedGroups } from '../log/named-groups.ts';
import { listEventful } from '../log/questions.ts';
import type { Window } from '../time.ts';
import { queryCovered, queryPruned, queryRules } from './ledger.ts';
import { clip, dayOf, dayWindow, listDays, merge, subtract, wholeDays } from './windows.ts';

/** Days before its own in which a day's users are looked for: a week, with the day itself. */
export const mostReach = 6;

/**
 * The days of a period on which people were not counted, though there were events, or not in one way, where two minute rules meet; null
 * where nobody may know.
 */
export async function queryUncounted(session: Session, { start, end }: Window): Promise<number[] | null> {
  if (!(await mayRead(session))) return null;
  const rows = await queryCounted(session, { start, end });
  const mixed = await queryMixed(session, { start, end });
  return rows.flatMap(({ day, counted }) => (counted && !mixed.has(dayOf(day)) ? [] : [day]));
}

/** The days of a period that have events, and whether their people are counted. */
function queryCounted(
  session: Session,
  { start, end }: Window,
): Promise<{ day: number; counted: boolean }[]> {
  return session.query(overEvents('ledger/uncounted'), [start, end]);
}

/** A day of `dash_users` (Unix milliseconds), its reach, and how many of the present named groups it has. */
interface Reach {
  day: number;
  reach: number;
  groups: number;
}

async function queryReaches(session: Session): Promise<Reach[]> {
  if (!(await mayRead(session))) return [];
  const keys = listNamedGroups().map(({ key }) => key);
  return session.query<Reach>(sql('ledger/reaches'), [keys.join()]);
}

/** The days whose people do not reach back a week, although the days before are aggregated. */
export async function queryShort(session: Session, covered: readonly Window[]): Promise<Window[]> {
  const short = (await queryReaches(session)).filter(({ day, reach }) => stopsAt(dayOf(day), reach, covered));
  return merge(short.map(({ day }) => dayWindow(dayOf(day))));
}

/** Tells whether people could reach back to another day. */
function stopsAt(day: number, reach: number, known: readonly Window[]): boolean {
  return reach < mostReach && clip(known, dayWindow(day - reach - 1)).length > 0;
}

/** A UTC day (counted from 1970) whose people could be known better; its present reach, or -1 without people. */
export interface DayBehind {
  day: number;
  held: number;
}

/**
 * Lists the days to make up: those without people, without one of the named groups, or which may reach back further. Not those that were pruned from the log,
 * or of which it has minutes that are not aggregated; none where nobody is counted.
 */
export async function queryBehind(db: Database): Promise<DayBehind[]> {
  const reaches = await queryReaches(db);
  if (reaches.length === 0) return [];
  const pruned = await queryPruned(db);
  const covered = merge(await queryCovered(db));
  const left = covered.flatMap((window) => subtract(window, pruned));
  const groups = new Set(listNamedGroups().map(({ key }) => key)).size;
  const known = new Map(reaches.map((one) => [dayOf(one.day), one]));
  const days = [...new Set(left.flatMap(listDays))];
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return [];
  const whole = { start: dayWindow(first).start, end: dayWindow(last).end };
  const eventful = new Set((await queryCounted(db, whole)).map(({ day }) => dayOf(day))); // years of days, in one question
  const behind: DayBehind[] = [];
  for (const day of days) {
    const found = known.get(day);
    const isShort = found && stopsAt(day, found.reach, left);
    if (found && (isShort || found.groups < groups))
      behind.push({ day, held: found.reach - (isShort ? 0 : 1) });
    else if (!found && eventful.has(day)) behind.push({ day, held: -1 });
  }
  const parts = behind.flatMap(({ day }) => subtract(dayWindow(day), left));
  const open = new Set((await listEventful(db, parts)).flatMap(listDays));
  const gone = new Set(pruned.flatMap(listDays));
  return behind.filter(({ day }) => !open.has(day) && !gone.has(day));
}

/** The days of a period with stretches of both rules, counted from 1970-01-01. */
async function queryMixed(session: Session, period: Window): Promise<Set<number>> {
  const rules = new Map<number, string>();
  const mixed = new Set<number>();
  for (const { minute, ...stretch } of clip(await queryRules(session), wholeDays(period)))
    for (const day of listDays(stretch)) {
      if ((rules.get(day) ?? minute) !== minute) mixed.add(day);
      rules.set(day, minute);
    }
  return mixed;
}

async function mayRead(session: Session): Promise<boolean> {
  for (const name of [findCounting().table, 'dash_users']) if (!(await hasTable(session, name))) return false;
  const text = "select has_table_privilege(to_regclass('dash_users'), 'select') as may";
  return (await session.query<{ may: boolean }>(text))[0]?.may === true;
}
