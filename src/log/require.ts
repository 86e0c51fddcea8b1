import type { Database, Session } from '../db/database.ts';
import { isSuperuser, refuseForeignCode, requireTable } from '../db/tables.ts';
import { messageOf, ZenError } from '../errors.ts';
import { readExtensions, sql, trimStatement } from '../files.ts';
import { tellLine } from './aggregates.ts';
import { namesColumn } from './log.ts';
import { findOwnLog, timeColumn, writeQuery } from './source.ts';
import type { OwnLog } from './source.ts';

/** @throws ZenError `failed` where there is no log, or one of one's own is not as zen.json says */
export async function requireLog(session: Session): Promise<void> {
  if (findOwnLog()) await requireOwnLog(session);
  else await requireTable(session, 'log_raw', 'zen restore');
}

/** The columns that counting people needs. */
const people = 'user_id event item_topic age_segment';

/** Types that may hold a time, by their OIDs (PostgreSQL's src/include/catalog/pg_type.dat). */
const timeTypes: Record<string, NonNullable<OwnLog['time']>[]> = {
  ...Object.fromEntries([20, 21, 23, 700, 701, 1700].map((type) => [type, ['ms', 's', 'us']])),
  1114: ['timestamp'],
  1184: ['timestamptz'],
};

/**
 * Refuses to let a superuser run what another role has put into a relation that a log of one's own reads. To prepare its SELECT runs
 * nothing of it, but locks each of them, and those under a view; so the server's list of locks names them. What cannot be prepared cannot be run.
 */
export async function refuseForeignLog(db: Database): Promise<void> {
  const log = findOwnLog();
  if (!log || db.kind === 'embedded' || !(await isSuperuser(db))) return;
  await db.transaction(async (session) => {
    const prepared = await session
      .run(`prepare zen_log as ${writeQuery(log, () => false, '0')}`)
      .catch(() => undefined);
    if (prepared === undefined) return;
    await session.run('deallocate zen_log');
    const locked = await session.query<{ id: number }>(sql('log/relations'));
    await refuseForeignCode(session, locked.map(({ id }) => `${id}::oid`).join(', '));
  });
}

/**
 * Has the database say what columns a log of one's own gives.
 *
 * @throws ZenError `failed` for a table or column that is not there, and for a time of another kind
 */
export async function requireOwnLog(session: Session): Promise<void> {
  const log = findOwnLog() ?? {};
  const { time = 'ms' } = log;
  const statements = readExtensions('sql/aggregates').map(({ text }) => text);
  const query = writeQuery(log, (column) => namesColumn([people, ...statements].join(' '), column), '0'); // what is no time cannot be made one
  const columns = await session.describe(query, []).catch((error: unknown) => {
    const why = messageOf(error).replace(/\.$/, '');
    const where = log.query === undefined ? '' : tellLine(error, trimStatement(log.query));
    const said =
      where === ''
        ? `The log cannot be read as zen.json says: ${why}. Look at log.table and log.columns, where null stands for a column that the log lacks.`
        : `sql/log.sql cannot be read: ${why}${where}. Write it as one SELECT with the log's names.`;
    throw new ZenError('failed', said, { cause: error });
  });
  const type = columns.find(({ name }) => name === 'at')?.type;
  const fits = timeTypes[String(type)] ?? [];
  if (fits.includes(time)) return;
  const remedy =
    fits.length > 0
      ? `Write log.time as ${fits.map((fit) => `"${fit}"`).join(' or ')} in zen.json`
      : 'Make it a time in sql/log.sql';
  throw new ZenError('failed', `The log's ${timeColumn()} is not a time in "${time}". ${remedy}.`);
}
