import type { Database, Session } from '../db/database.ts';
import { findOwnSchema } from '../db/schema.ts';
import { listNearlyFull, tableIds, wideningStatements } from '../db/tables.ts';
import { ZenError } from '../errors.ts';
import { listSql, sql, tableOf } from '../files.ts';
import { findCounting, listAggregates } from '../log/aggregates.ts';
import { requireOwnLog } from '../log/require.ts';
import { findOwnLog, idOfLog } from '../log/source.ts';
import { isoTime } from '../time.ts';
import { queryCovered, queryRestored } from './ledger.ts';
import { migrate } from './migrations.ts';
import { querySpan } from './silence.ts';

/** The tables that a command reads, and those that it changes. */
export interface TableUse {
  reads: readonly ZenTable[];
  writes?: readonly ZenTable[];
}

/** A table of zen's, or the log. */
type ZenTable = string;

/** The tables that zen makes. */
export function listOwn(): ZenTable[] {
  return [...listAggregates().map(({ table }) => table), 'dash_users', 'zen_runs'];
}

export function stateText(): string {
  return sql('ledger/state', { tables: tableIds(), log: idOfLog() });
}

/** See `sql/ledger/state.sql`. */
export interface TableState {
  name: ZenTable;
  schema: string;
  kind: string;
  persistence: string;
  role: string;
  readable: boolean;
  hides: boolean;
  locks: boolean;
  filtered: boolean;
  columns: Record<string, string> | null;
  others: string | null;
}

const nameTypes = ['character varying', 'text'];
const logNames = [...nameTypes, 'enum'];
const integerTypes = ['bigint', 'integer', 'smallint'];
const timeTypes = ['timestamp without time zone', 'timestamp with time zone'];

/** The types that each column may have, the one to choose first. */
const ownTables: Record<string, Record<string, string[]>> = {
  log_raw: {
    ts: integerTypes,
    user_id: [...integerTypes, ...nameTypes, 'uuid', 'numeric', 'enum'],
    ...{ item_topic: logNames, source_topic: logNames, age_segment: logNames, event: logNames },
  },
  dash_users: {
    ...{
      dt: timeTypes,
      every_topic: ['boolean'],
      item_topic: nameTypes,
      every_age: ['boolean'],
      age_segment: nameTypes,
    },
    ...{
      event: nameTypes,
      or_event: nameTypes,
      minutes: ['smallint[]'],
      previous: ['smallint[]'],
      users: ['integer[]'],
    },
  },
  zen_runs: {
    ...{
      start_dt: timeTypes,
      end_dt: timeTypes,
      minute: nameTypes,
      started_at: timeTypes,
      finished_at: timeTypes,
    },
    ...{ events: integerTypes, written: ['jsonb'], statements: ['jsonb'] },
    ...{ outcome: nameTypes, error: nameTypes, zen_version: nameTypes },
  },
};

/** The columns that a table must have; for an aggregate, those of its own definition if it has one. */
function neededOf(table: ZenTable): Record<string, readonly string[]> {
  const own = ownTables[table];
  if (own) return own;
  const name = listSql('aggregates/tables').find((one) => tableOf(one) === table);
  const defined = name === undefined ? [] : sql(`aggregates/tables/${name}`).matchAll(/^ {2}(\w+) (\w+)/gm);
  const columns = [...defined].filter(([, column]) => column !== 'record_id');
  return {
    dt: timeTypes,
    ...Object.fromEntries(columns.map(([, column = '', type = '']) => [column, kindOf(type)])),
  };
}

function kindOf(type: string): readonly string[] {
  if (type === 'timestamp') return timeTypes;
  return type === 'varchar' ? nameTypes : integerTypes;
}

/** Rows that lie in no window, or whose time is not finite. */
function timelessOf(table: ZenTable): string {
  return table === 'zen_runs'
    ? 'not (isfinite(start_dt) and isfinite(end_dt) and isfinite(started_at) and isfinite(finished_at)) or start_dt > end_dt'
    : "dt is null or dt <= '-infinity' or dt >= 'infinity'";
}

/**
 * Looks once, before anything is done, whether the tables are as a command needs them. What is not there is not looked at.
 *
 * @param options `migrates`: bring the tables of an older zen to the present layout first
 * @returns sentences on what may not be meant so
 * @throws ZenError `failed` for a state in which a number could be wrong, with what mends it
 */
export async function inspectTables(
  db: Database,
  { reads, writes = [] }: TableUse,
  { migrates = true } = {},
): Promise<string[]> {
  const changed = migrates ? await migrate(db) : undefined;
  const used = [...reads, ...writes];
  const all = await db.query<TableState>(stateText());
  const tables = all.filter(({ name, readable }) => readable && used.includes(name));
  if (reads.includes('log_raw') && findOwnLog()) await requireOwnLog(db);
  for (const table of tables) requireSound(table, writes.includes(table.name));
  await requireTimes(db, tables);
  for (const { name, kind } of tables) if (kind === 'v') await requireWholeView(db, name);
  const full = writes.includes(findCounting().table) ? await listNearlyFull(db) : [];
  return [
    ...(changed === undefined ? [] : [changed]),
    ...tables.flatMap(describeOddities),
    ...describeSchemas(tables),
    ...full.flatMap((one) =>
      one.owned
        ? []
        : [
            `record_id of ${one.name} soon has no more numbers. Have its owner run: ${wideningStatements(one)}.`,
          ],
    ),
    ...(all.some(({ name, readable }) => name === 'zen_runs' && !readable) ||
    !all.some(({ name }) => name === 'log_raw')
      ? []
      : await describeUnknown(db, tables)),
  ];
}

function requireSound(table: TableState, isWritten: boolean): void {
  const { name, kind, role, hides, locks } = table;
  if (isWritten && /[vm]/.test(kind))
    throw new ZenError(
      'failed',
      `${name} is a view, and zen does not write to views. Rename it, or name another schema.`,
    );
  const wrong = listWrong(table);
  if (wrong.length > 0)
    throw new ZenError('failed', `${name} is not what zen needs: ${wrong.join('; ')}. ${mend(table)}`);
  if (!(isWritten ? locks : hides)) return;
  const policy = isWritten ? 'for all' : 'for select';
  throw new ZenError(
    'failed',
    `Row security may hide rows of ${name} from ${role}, so the counts would be wrong. Have an administrator run: ` +
      `alter role ${role} bypassrls, or: create policy zen on ${name} ${policy} to ${role} using (true).`,
  );
}

/** The columns that a table lacks, and those of another type. */
function listWrong({ name, columns }: TableState): string[] {
  if (name === 'log_raw' && findOwnLog()) return []; // it is asked what it gives
  const found = columns ?? {};
  const missing = Object.keys(neededOf(name)).filter((column) => found[column] === undefined);
  const others = Object.entries(neededOf(name)).flatMap(([column, types]) => {
    const type = found[column];
    return type === undefined || types.includes(type)
      ? []
      : [`${column} is ${type}, and must be ${types[0] ?? ''}`];
  });
  return missing.length > 0 ? [`it lacks ${missing.join(', ')}`, ...others] : others;
}

/** Names the next step for the owner of an unsound table. */
function mend({ name, kind, columns }: TableState): string {
  if (name === 'zen_runs') return 'If it is not zen’s, rename it: alter table zen_runs rename to other_runs.';
  if (name !== 'log_raw') return `Drop it, and aggregate again: drop table ${name}.`;
  const changes = Object.entries(neededOf('log_raw')).flatMap(([column, [type = '', ...others]]) => {
    const own = columns?.[column];
    if (own === undefined || own === type || others.includes(own)) return [];
    return [`alter column ${column} type ${type} using ${convertColumn(column, type, own)}`];
  });
  if (kind === 'v' || changes.length === 0) return 'Rename its columns, or make it a view with these names.';
  return `Have its owner run: alter table log_raw ${changes.join(', ')}. Or make a view log_raw with such columns.`;
}

/** An expression that converts the values of a column. */
function convertColumn(column: string, type: string, own: string): string {
  if (column !== 'ts') return `${column}::${type}`;
  if (own.startsWith('timestamp')) return 'floor(extract(epoch from ts) * 1000)::bigint';
  return integerTypes.includes(own) || own === 'generated' ? 'ts' : 'floor(ts::numeric)::bigint';
}

async function requireTimes(session: Session, tables: readonly TableState[]): Promise<void> {
  const parts = tables.flatMap(({ name }) =>
    name === 'log_raw' ? [] : [`(select '${name}' as name from ${name} where ${timelessOf(name)} limit 1)`],
  );
  if (parts.length === 0) return;
  const [found] = await session.query<{ name: ZenTable }>(parts.join(' union all '));
  if (!found) return;
  const { name } = found;
  const why = `${name} has rows with an impossible time: NULL, infinite, or before its start`;
  throw new ZenError('failed', `${why}. Delete them: delete from ${name} where ${timelessOf(name)}.`);
}

/** Checks that no row security under a view hides rows from it. The state of the view itself does not tell. */
async function requireWholeView(db: Database, name: ZenTable): Promise<void> {
  await db
    .transaction(async (session) => {
      await session.run('set local row_security = off');
      await session.query(`select from ${name} limit 0`);
    })
    .catch((error: unknown) => {
      const { code, message = '' } = ((error as Error).cause ?? {}) as { code?: string; message?: string };
      if (code !== '42501' || !message.includes('row-level security')) throw error;
      const why = `Row security may hide rows that the view ${name} shows (${message})`;
      throw new ZenError('failed', `${why}. Grant bypassrls to the owner of the view.`, { cause: error });
    });
}

/** Tells what is unusual about a table, but may be intended. */
function describeOddities({ name, schema, persistence, filtered, others }: TableState): string[] {
  return [
    ...(filtered ? [`${name} is a view with a condition: what it leaves out is counted nowhere.`] : []),
    ...(persistence === 'u' ? [`${name} is unlogged: a crash of the server empties it.`] : []),
    ...(others && findOwnSchema() === undefined && !(name === 'log_raw' && findOwnLog())
      ? [`${name} is in ${schema}, and also in ${others}: what is there is not looked at.`]
      : []),
  ];
}

function describeSchemas(all: readonly TableState[]): string[] {
  const tables =
    findOwnLog() || findOwnSchema() !== undefined ? all.filter(({ name }) => name !== 'log_raw') : all;
  const schemas = new Set(tables.map(({ schema }) => schema));
  if (schemas.size < 2) return [];
  const places = tables.map(({ name, schema }) => `${name} in ${schema}`).join(', ');
  return [`The tables are in different schemas: ${places}. If they do not belong together, set search_path.`];
}

/** Rows of the aggregates from before everything in the ledger, as after it was dropped. */
async function describeUnknown(session: Session, tables: readonly TableState[]): Promise<string[]> {
  const has = (name: ZenTable) => tables.some((table) => table.name === name);
  if (!listAggregates().every(({ table }) => has(table))) return [];
  const span = await querySpan(session);
  if (!span) return [];
  const known = [...(await queryCovered(session)), ...(await queryRestored(session))].map(
    ({ start }) => start,
  );
  const end = Math.min(span.end, ...known);
  if (span.start >= end) return [];
  const window = `--start-dt ${isoTime(span.start)} --end-dt ${isoTime(end)}`;
  return [
    `The ledger zen_runs does not know who aggregated what lies before ${isoTime(end)}, nor whether it is complete. ` +
      `While the log has it, run zen aggregate ${window}.`,
  ];
}
