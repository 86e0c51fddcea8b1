import type { Session } from '../db/database.ts';
import { codeOf, madeMeanwhile } from '../db/errors.ts';
import { sql } from '../files.ts';
import { known } from '../shared/known.ts';

/** The schema for new tables; see `sql/ledger/home.sql`. */
export interface Home {
  name: string;
  there: boolean;
  creates: boolean;
}

export async function queryHome(session: Session): Promise<Home> {
  const [home] = await session.query<Home>(sql('ledger/home'));
  return known(home);
}

/** Creates that schema if a project names one that does not exist. */
export async function createHome(session: Session): Promise<void> {
  const { name, there } = await queryHome(session);
  if (there) return;
  await session.run(`create schema if not exists ${name}`).catch((error: unknown) => {
    if (!madeMeanwhile.test(codeOf((error as Error).cause) ?? '')) throw error;
  });
}
