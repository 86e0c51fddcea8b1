import type { Database, Session } from '../db/database.ts';
import { ZenError } from '../errors.ts';
import { listSql, sql, version } from '../files.ts';
import { listAggregates } from '../log/aggregates.ts';

/** The layout of zen's own tables that this version knows: the number of files in `sql/migrations`. */
const latest = listSql('migrations').length;

/** Makes the ledger, in the latest layout. */
export async function createLedger(session: Session): Promise<void> {
  await change(session, 0);
}

/**
 * Brings zen's own tables from the layout of an older zen to the latest one, in one transaction. A database knows its layout by the
 * comment on zen_runs, which any role may read, and pg_dump keeps.
 *
 * @returns a sentence, where something was changed
 * @throws ZenError `failed` when a newer zen has made the tables, or when this role may not change them
 */
export async function migrate(db: Database): Promise<string | undefined> {
  const found = await queryLayout(db);
  if (found === null || found.layout === latest) return undefined;
  if (found.layout > latest)
    throw new ZenError(
      'failed',
      `The tables of this database are of a newer zen (layout ${found.layout}; this one knows ${latest}). Install that zen.`,
    );
  if (!found.owned)
    throw new ZenError(
      'failed',
      'The tables of this database are of an older zen, and this role may not change them. Have the owner of zen_runs run: zen status.',
    );
  await db.transaction(async (session) => {
    await session.run('lock table zen_runs in access exclusive mode');
    const now = await queryLayout(session); // another zen may have been faster
    if (now && now.layout < latest) await change(session, now.layout);
  });
  return `The tables of an older zen were brought to the layout of zen ${version()}.`;
}

async function change(session: Session, from: number): Promise<void> {
  for (const statement of describeLayout(from)) await session.run(statement);
}

/** The statements that bring zen's own tables to the latest layout, from an older one, or from none. */
export function describeLayout(from = 0): string[] {
  const parts = Object.fromEntries(listAggregates().map(({ name, hash }) => [name, hash]));
  const layouts = Array.from({ length: latest - from }, (_, at) => sql(`migrations/${from + at + 1}`, parts));
  return [...layouts, `comment on table zen_runs is 'The ledger of zen, layout ${latest}.'`];
}

/** The layout of a database that has a ledger. Without zen's comment, the columns tell it. */
async function queryLayout(session: Session): Promise<{ layout: number; owned: boolean } | null> {
  const [row] = await session.query<{ layout: number | null; old: boolean; owned: boolean }>(
    sql('ledger/layout'),
  );
  if (!row) return null;
  return { layout: row.layout ?? (row.old ? 1 : latest), owned: row.owned };
}
