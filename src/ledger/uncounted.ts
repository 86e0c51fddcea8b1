import type { Session } from '../db/database.ts';
import { hasTable } from '../db/tables.ts';
import { overEvents } from '../log/aggregates.ts';
import type { Window } from '../time.ts';

/** The days of a period on which people were not counted, though there were events; null where nobody may know. */
export async function queryUncounted(session: Session, { start, end }: Window): Promise<number[] | null> {
  if (!(await mayRead(session))) return null;
  const rows = await session.query<{ day: number }>(overEvents('ledger/uncounted'), [start, end]);
  return rows.map(({ day }) => day);
}

async function mayRead(session: Session): Promise<boolean> {
  if (!(await hasTable(session, 'dash_users'))) return false;
  const text = "select has_table_privilege(to_regclass('dash_users'), 'select') as may";
  return (await session.query<{ may: boolean }>(text))[0]?.may === true;
}
