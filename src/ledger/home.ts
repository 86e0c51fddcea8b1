import type { Session } from '../db/database.ts';
import { sql } from '../files.ts';
import { known } from '../shared/known.ts';

/** The schema that new tables come to stand in; see `sql/ledger/home.sql`. */
export interface Home {
  name: string;
  there: boolean;
  creates: boolean;
}

export async function queryHome(session: Session): Promise<Home> {
  const [home] = await session.query<Home>(sql('ledger/home'));
  return known(home);
}

/** Makes that schema, where a project names one that is not there. */
export async function createHome(session: Session): Promise<void> {
  const { name, there } = await queryHome(session);
  if (!there) await session.run(`create schema if not exists ${name}`);
}
