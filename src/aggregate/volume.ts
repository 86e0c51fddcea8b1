import type { Session } from '../db/database.ts';
import { sql } from '../files.ts';
import type { Window } from '../time.ts';

/** How many events a window has. */
export async function countEvents(session: Session, { start, end }: Window): Promise<number> {
  const [row] = await session.query<{ events: number }>(sql('aggregate/events'), [start, end]);
  return row?.events ?? 0;
}

/** About how many events a window has at most, and all of the log; Infinity where the server does not know. */
export async function boundEvents(
  session: Session,
  { start, end }: Window,
): Promise<{ own: number; all: number }> {
  const [row] = await session.query<{ own: number; all: number }>(sql('aggregate/most'), [start, end]);
  return row ?? { own: Infinity, all: Infinity };
}
