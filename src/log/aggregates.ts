import { createHash } from 'node:crypto';
import { quoteName } from '../db/database.ts';
import type { Session } from '../db/database.ts';
import { requireTable } from '../db/tables.ts';
import { messageOf, ZenError } from '../errors.ts';
import { listSql, readExtensions, sql, tableOf, trimStatement } from '../files.ts';
import type { Extension } from '../files.ts';
import { overLog } from './log.ts';
import { writeOwnLog } from './source.ts';

/** An aggregate: one SELECT over the relation `log` that returns dt, dimensions (text) and one measure (a whole number). */
export interface Aggregate {
  /** The name of its file in `sql/aggregates`. */
  name: string;
  table: string;
  /** Tells that it is of a project, also where one of that name ships. */
  isOwn: boolean;
  /** The SELECT. */
  statement: string;
  /** SHA-256 of the statement without its lines of comment, and of a log of one's own, in hex: words about it change no rows. */
  hash: string;
}

/** An aggregate that zen knows by what it counts: the events, or the users of each minute. */
export interface Counting extends Aggregate {
  measure: string;
}

/** The columns that an aggregate's statement returns, in order. */
export interface Columns {
  dimensions: string[];
  measure: string;
}

/** All aggregates, the one that counts the events first, the others by name. */
export function listAggregates(): Aggregate[] {
  const counting = findCounting();
  return [counting, ...readAggregates().filter(({ name }) => name !== counting.name)];
}

/** The aggregates that were read. They stay the same until another project is opened. */
const readFrom = new WeakMap<readonly Extension[], Aggregate[]>();

function readAggregates(): Aggregate[] {
  const files = readExtensions('sql/aggregates');
  const found = readFrom.get(files) ?? files.map(toAggregate);
  readFrom.set(files, found);
  return found;
}

function toAggregate({ name, isOwn, text }: Extension): Aggregate {
  const statement = trimStatement(text);
  return {
    name,
    table: tableOf(name),
    isOwn,
    statement: `${statement}\n`,
    hash: createHash('sha256')
      .update(statement.replaceAll(/^\s*--.*\n?/gm, '') + writeOwnLog())
      .digest('hex'),
  };
}

/** Tells whether the rows of an aggregate may be added up: a line in its file, `-- additive: false`, says that they may not. */
export function isAdditive(aggregate: string): boolean {
  const file = readExtensions('sql/aggregates').find(({ name }) => name === aggregate);
  return !file || !/^-- additive: false$/m.test(file.text);
}

/** The one whose file says so in a line, with its measure: `-- events: visits`. Its measure, added up, is how many events the log has. */
export function findCounting(what: 'events' | 'users' = 'events'): Counting {
  const found = readAggregates().flatMap((aggregate) => {
    const measure = new RegExp(`^-- ${what}: (\\w+)$`, 'm').exec(aggregate.statement)?.[1];
    return measure === undefined ? [] : [{ ...aggregate, measure }];
  });
  const [counting] = found;
  if (!counting || found.length > 1)
    throw new ZenError(
      'usage',
      `One file of sql/aggregates must say that it counts the ${what} (-- ${what}: its measure); ${found.length} do.`,
    );
  return counting;
}

/** The statement in `sql/<name>.sql` about the aggregate that counts the events: `:counted` is its table, `:events` its measure. */
export function overEvents(name: string, parts: Record<string, string> = {}): string {
  return sql(name, { ...parts, ...eventsParts() });
}

/** The parts of a statement about the aggregate that counts the events. */
export function eventsParts(): { counted: string; events: string } {
  const { table, measure } = findCounting();
  return { counted: table, events: quoteName(measure) };
}

/** Zero rows for each aggregate, by name. */
export function noRows(): Record<string, number> {
  return Object.fromEntries(listAggregates().map(({ name }) => [name, 0]));
}

/** @throws Error where nothing is known of the aggregate, so that a fault never becomes a number */
export function rowsOf(rows: Record<string, number>, { name }: Aggregate): number {
  const number = rows[name];
  if (number === undefined) throw new Error(`Nothing is known of the rows of ${name}.`);
  return number;
}

/**
 * Reads from the catalog which columns the table of an aggregate has, for those who may not read the log.
 *
 * @throws ZenError `failed` where there is no such table, or not one measure in it
 */
export async function queryColumns(session: Session, { table }: Aggregate): Promise<Columns> {
  await requireTable(session, table, 'zen aggregate');
  const columns = await session.query<{ name: string; is_measure: boolean }>(sql('db/columns', { table }));
  const names = (isMeasure: boolean) =>
    columns.flatMap(({ name, is_measure }) => (is_measure === isMeasure ? [name] : []));
  const [measure, ...others] = names(true);
  if (measure === undefined || others.length > 0)
    throw new ZenError(
      'failed',
      `${table} has ${others.length === 0 ? 'no' : 'more than one'} column of numbers.`,
    );
  return { dimensions: names(false), measure };
}

/** Types of dimensions and measures, by their OIDs (PostgreSQL's src/include/catalog/pg_type.dat). */
const texts = [25, 1042, 1043];
const integers = [20, 21, 23];
const timestamp = 1114;

/** Names of columns that identify people, not groups of them. */
const telling =
  /^((user|visitor|client|customer|person|member|account|session|device|cookie|u)_?(id|uid|uuid|guid|name)|uid|uuid|guid|e?_?mail|login|phone|ip|ip_?addr(ess)?)$/i;

/** @throws ZenError `usage` for columns of a statement that hold people */
export function requireGroups(path: string, columns: readonly string[]): void {
  const column = columns.find((name) => telling.test(name));
  if (column !== undefined)
    throw new ZenError(
      'usage',
      `${path} gives ${column}, which identifies single people: count them instead.`,
    );
}

/** Tells whether the database refused a statement for its content (SQLSTATE, classes 22 and 42). */
export function isOfStatement(error: unknown): boolean {
  return /^(42|22)/.test((error as { cause?: { code?: string } }).cause?.code ?? '');
}

/** Names the line of a project's statement where the database found the mistake, within all that it was sent; nothing where it does not say. */
export function tellLine(error: unknown, statement: string): string {
  const { position, query } = (error as { cause?: { position?: unknown; query?: unknown } }).cause ?? {};
  if (typeof query !== 'string') return '';
  const start = query.lastIndexOf(statement.trimEnd());
  const at = Number(position) - 1 - start;
  if (start < 0 || !(at >= 0 && at <= statement.length)) return '';
  return ` (line ${query.slice(start, start + at).split('\n').length})`;
}

/**
 * Asks the database which columns the statement of an aggregate makes.
 *
 * @throws ZenError `usage` for one that is neither dt, nor a dimension, nor the one measure
 */
export async function describeAggregate(session: Session, { name, statement }: Aggregate): Promise<Columns> {
  const refuse = (why: string, cause?: unknown) =>
    new ZenError('usage', `sql/aggregates/${name}.sql ${why}.`, { cause });
  const text = overLog('aggregate/made', { statement, columns: '*' });
  const columns = await session.describe(text, [0, 0, 'floor']).catch((error: unknown) => {
    throw isOfStatement(error)
      ? refuse(
          `is not a SELECT over log: ${messageOf(error).replace(/\.$/, '')}${tellLine(error, statement)}`,
          error,
        )
      : error;
  });
  requireGroups(
    `sql/aggregates/${name}.sql`,
    columns.map((column) => column.name),
  );
  const dimensions: string[] = [];
  const measures: string[] = [];
  let isTimed = false;
  for (const { name: column, type } of columns) {
    if (column === 'dt' && type === timestamp) isTimed = true;
    else if (integers.includes(type)) measures.push(column);
    else if (texts.includes(type) || (await isEnum(session, type))) dimensions.push(column);
    else
      throw refuse(`returns ${column}, which is neither text nor a whole number: cast it to text or bigint`);
  }
  const [measure, other] = measures;
  if (!isTimed) throw refuse('returns no dt: select the dt of log, and group by it');
  if (measure === undefined) throw refuse('returns no measure: select one whole number, such as count(*)');
  if (other !== undefined)
    throw refuse(`returns two measures, ${measure} and ${other}: write one file for each`);
  return { dimensions, measure };
}

async function isEnum(session: Session, type: number): Promise<boolean> {
  const found = await session.query("select from pg_type where oid = $1::bigint::oid and typtype = 'e'", [
    type,
  ]);
  return found.length > 0;
}

/** The columns in the order in which an aggregate's rows are written. */
export function listColumns({ dimensions, measure }: Columns): string {
  return ['dt', ...dimensions, measure].map(quoteName).join(', ');
}

/** The same columns, of whatever types and collations, as they are compared. */
export function listCompared({ dimensions, measure }: Columns): string {
  const texts = dimensions.map(quoteName).map((name) => `${name}::text collate "C" as ${name}`);
  return ['dt', ...texts, `${quoteName(measure)}::bigint as ${quoteName(measure)}`].join(', ');
}

/** The definition of an aggregate's table: its own, as those of the brief have, or the one that follows from its columns. */
export function defineTable({ name, table }: Aggregate, { dimensions, measure }: Columns): string {
  if (listSql('aggregates/tables').includes(name)) return sql(`aggregates/tables/${name}`);
  const columns = dimensions.map((column) => `${quoteName(column)} varchar(128)`);
  return sql('aggregate/table', {
    table,
    columns: [...columns, `${quoteName(measure)} bigint`].join(',\n  '),
  });
}
