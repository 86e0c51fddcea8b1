import type { Database, Session } from '../db/database.ts';
import { sql } from '../files.ts';
import { aboutLog } from './log.ts';
import { findOwnLog, possible } from './source.ts';
import { known } from '../shared/known.ts';
import type { Window } from '../time.ts';

/** Counts the events of a window. */
export async function countEvents(session: Session, { start, end }: Window): Promise<number> {
  const [row] = await session.query<{ events: number }>(aboutLog('log/events'), [start, end]);
  return known(row).events;
}

/** The first and the last event of the log in a window, Unix milliseconds; nulls if there is none. */
export interface Edges {
  first: number | null;
  last: number | null;
}

export async function queryEdges(session: Session, { start, end }: Window = possible): Promise<Edges> {
  const [edges] = await session.query<Edges>(aboutLog('log/edges'), [start, end]);
  return known(edges);
}

/** Estimates how many events a window has at most, and the whole log; Infinity if the server does not know. */
export async function boundEvents(
  session: Session,
  { start, end }: Window,
): Promise<{ own: number; all: number }> {
  const rows = findOwnLog()
    ? []
    : await session.query<{ own: number; all: number }>(sql('log/most'), [start, end]);
  return rows[0] ?? { own: Infinity, all: Infinity };
}

/** Those of some windows in which the log has events; each takes some milliseconds. */
export async function listEventful(db: Database, windows: readonly Window[]): Promise<Window[]> {
  return db.transaction(async (session) => {
    await session.query(sql('log/probe'));
    const found: Window[] = [];
    for (const window of windows)
      if ((await session.query(aboutLog('log/any'), [window.start, window.end])).length > 0)
        found.push(window);
    return found;
  });
}
