import type { Session } from '../db/database.ts';
import { hasTable } from '../db/tables.ts';
import { findCounting, overEvents } from '../log/aggregates.ts';
import type { Window } from '../time.ts';
import { queryRules } from './ledger.ts';
import { clip, dayOf, listDays, wholeDays } from './windows.ts';

/**
 * The days of a period on which people were not counted, though there were events, or not in one way, where two minute rules meet; null
 * where nobody may know.
 */
export async function queryUncounted(session: Session, { start, end }: Window): Promise<number[] | null> {
  if (!(await mayRead(session))) return null;
  const rows = await session.query<{ day: number; counted: boolean }>(overEvents('ledger/uncounted'), [
    start,
    end,
  ]);
  const mixed = await queryMixed(session, { start, end });
  return rows.flatMap(({ day, counted }) => (counted && !mixed.has(dayOf(day)) ? [] : [day]));
}

/** The days of a period that have stretches of two rules, counted from 1970-01-01. */
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
