import { statfs } from 'node:fs/promises';
import type { Database, Session } from '../db/database.ts';
import { requireSession } from '../db/pooler.ts';
import { tableIds } from '../db/tables.ts';
import type { Check } from '../errors.ts';
import { messageOf, ZenError } from '../errors.ts';
import { sql } from '../files.ts';
import { queryHome } from '../ledger/home.ts';
import { inspectTables, listOwn } from '../ledger/state.ts';
import { describeAggregate, listAggregates } from '../log/aggregates.ts';
import type { Columns } from '../log/aggregates.ts';
import { findFailures, listOwnChecks } from '../log/checks.ts';
import { overLog } from '../log/log.ts';
import { requireLog } from '../log/require.ts';
import { known } from '../shared/known.ts';
import { describeSize } from '../shared/units.ts';
import { idOfLog, nameOfTime, tableOfLog, timeColumn } from '../log/source.ts';

/** Bytes of a page without rows; of a row in a page, and of one in a table, as measured on days of 0.3 to 20 M rows (docs/sizing.md). */
const sizes = { page: 1e6, rowInPage: 0.75, rowInTable: 85 };

/** The most seconds by which the clocks of two machines may differ. */
const clockSeconds = 60;

interface Server {
  version: string;
  now: number;
  role: string;
}

/**
 * Looks whether zen can work in a database, and writes nothing: the server, its clock, the rights, the log, and the statements of the
 * project, which are run over an empty window.
 *
 * @param folder where pages are written
 * @returns what was found, and the columns of each aggregate whose statement is sound; null where the log cannot be read
 */
export async function checkDatabase(
  db: Database,
  folder: string,
): Promise<{ checks: Check[]; columns: Record<string, Columns> | null }> {
  const checks: Check[] = [];
  const columns: Record<string, Columns> = {};
  const look = async (what: string, work: () => Promise<Check[] | string>) => {
    const found = await work().catch((error: unknown): Check[] => [
      { state: 'fault', text: messageOf(error) },
    ]);
    const isFault = typeof found !== 'string' && found.some(({ state }) => state === 'fault');
    checks.push(
      ...(typeof found === 'string' ? [{ state: 'fine' as const, text: `${what}: ${found}` }] : found),
    );
    return !isFault;
  };
  await look('server', () => checkServer(db));
  await look('sessions', async () => {
    await db.reserve((session) => requireSession(db, session));
    return 'a connection has its own';
  });
  const isReadable = await look('log', () => checkLog(db));
  await look('rights', () => checkRights(db));
  await look('tables', async () => {
    const notes = await inspectTables(db, { reads: ['log_raw', ...listOwn()] }, { migrates: false });
    return notes.length === 0 ? 'as zen needs them' : notes.map((text): Check => ({ state: 'note', text }));
  });
  await look('size', () => checkSize(db, folder));
  for (const aggregate of isReadable ? listAggregates() : [])
    await look(`sql/aggregates/${aggregate.name}.sql`, async () => {
      const made = await describeAggregate(db, aggregate);
      const { statement } = aggregate;
      await db.query(overLog('aggregate/made', { statement, columns: 'count(*)' }), [0, 0, 'floor']);
      columns[aggregate.name] = made;
      return `${['dt', ...made.dimensions].join(', ')} → ${made.measure}`;
    });
  for (const check of listOwnChecks())
    await look(check.path, async () => {
      const run = (session: Session) => findFailures(session, check, { start: 0, end: 0 });
      try {
        await db.transaction(run, { snapshot: 'read only' });
        return 'runs';
      } catch (error) {
        if (!(error instanceof ZenError) || error.failure !== 'failed') throw error;
        return [{ state: 'note', text: `${check.path} is not looked at yet: ${error.message}` }];
      }
    });
  return { checks, columns: isReadable ? columns : null };
}

async function checkServer(db: Database): Promise<Check[] | string> {
  const { version, now } = await queryServer(db);
  const other = /CockroachDB|Redshift|Yugabyte/i.exec(version)?.[0];
  if (other !== undefined) {
    const why = `${db.label} is ${other}, whose locks do not keep two runs apart`;
    return [{ state: 'fault', text: `${why}. Use PostgreSQL.` }];
  }
  const apart = Math.abs(now - Date.now()) / 1000;
  if (apart > clockSeconds) {
    const why = `The clock of the database is ${Math.round(apart)} s off this one`;
    return [{ state: 'fault', text: `${why}: days would end at another time. Set one of them.` }];
  }
  return version.replace(/,? \(.*| on .*/, '');
}

/** Compares the page of all that is aggregated with the room on the disk where pages are written. */
async function checkSize(db: Database, folder: string): Promise<Check[] | string> {
  const names = listAggregates().map(({ table }) => table);
  const [found] = await db.query<{ bytes: number }>(sql('aggregate/size'), [names.join(' ')]);
  const page = sizes.page + (known(found).bytes / sizes.rowInTable) * sizes.rowInPage;
  const { bavail, bsize } = await statfs(folder);
  const [needed, free] = [page, bavail * bsize].map(describeSize);
  const told = `a page of all that is aggregated has about ${needed}, and ${folder} has room for ${free}`;
  return bavail * bsize > page ? told : [{ state: 'fault', text: `size: ${told}. Free some.` }];
}

async function queryServer(db: Database): Promise<Server> {
  const [server] = await db.query<Server>(sql('aggregate/server'));
  if (!server) throw new Error('The server says nothing of itself.');
  return server;
}

async function checkLog(db: Database): Promise<Check[] | string> {
  await requireLog(db);
  const parts = { log: idOfLog(), time: nameOfTime() };
  if ((await db.query(sql('log/unindexed', parts))).length === 0) return 'readable';
  const statement = `create index on ${tableOfLog()} (${timeColumn()})`;
  return [
    {
      state: 'note',
      text: `No index tells the time of the log, so that each run reads all of it: ${statement}.`,
    },
  ];
}

async function checkRights(db: Database): Promise<Check[] | string> {
  const { role } = await queryServer(db);
  const { name: home, there, creates } = await queryHome(db);
  const lacking = await db.query<{ name: string; lacks: string }>(
    sql('aggregate/rights', { tables: tableIds() }),
  );
  const names = [...new Set(lacking.map(({ name }) => name))];
  const grants = names.map((name) => {
    const rights = lacking.flatMap((row) => (row.name === name ? row.lacks : []));
    return `grant ${rights.join(', ')} on ${name} to ${role}`;
  });
  if (!creates)
    grants.unshift(
      there ? `grant create on schema ${home} to ${role}` : `create schema ${home} authorization ${role}`,
    );
  if (grants.length === 0) return `${role} may aggregate`;
  return grants.map((grant) => ({
    state: 'fault',
    text: `${role} lacks a right. Have the owner run: ${grant}.`,
  }));
}
