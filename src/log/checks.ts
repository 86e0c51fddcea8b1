import { quoteName } from '../db/database.ts';
import type { Session } from '../db/database.ts';
import { requireTable } from '../db/tables.ts';
import { messageOf, shorten, ZenError } from '../errors.ts';
import { readExtensions, sql, trimStatement } from '../files.ts';
import type { Window } from '../time.ts';
import { isOfStatement, listAggregates, requireGroups, tellLine } from './aggregates.ts';
import { namesColumn, writeLog } from './log.ts';

/** A check of a project: a SELECT, each of whose rows is a failure. */
export interface OwnCheck {
  /** Its path in the project, for messages. */
  path: `checks/${string}`;
  statement: string;
}

/** The checks of the project, by name. */
export function listOwnChecks(): OwnCheck[] {
  return readExtensions('checks').map(({ name, text }) => ({
    path: `checks/${name}.sql`,
    statement: trimStatement(text),
  }));
}

/**
 * Runs a check over a period.
 *
 * @returns the failures that it finds, each as a text: some, where there are many
 * @throws ZenError `usage` where it cannot be run, or tells of single people; `failed` where an aggregate that it reads has no table yet
 */
export async function findFailures(
  session: Session,
  { path, statement }: OwnCheck,
  { start, end }: Window,
): Promise<string[]> {
  const read = listAggregates().filter(({ name }) => namesColumn(statement, name));
  for (const { table } of read) await requireTable(session, table, 'zen aggregate');
  const relations = read.map(
    ({ name, table }) => `, ${quoteName(name)} as (${sql('log/within', { table })})`,
  );
  if (namesColumn(statement, 'log')) relations.push(`, log as (${writeLog(statement)})`);
  const write = (columns: string) =>
    sql('log/failures', { columns, check: statement, relations: relations.join('') });
  const period = [start, end, 'floor'];
  try {
    const names = (await session.describe(write('*'), period)).map(({ name }) => name);
    requireGroups(path, names);
    const columns = names.map((name) => `${quoteName(name)}::text`).join(', ');
    const rows = await session.query<Record<string, string | null>>(write(columns), period);
    return rows.map(describeRow);
  } catch (error) {
    if (!isOfStatement(error)) throw error;
    const why = messageOf(error).replace(/\.$/, '');
    const line = tellLine(error, statement);
    throw new ZenError('usage', `${path} cannot be run: ${why}${line}. It is one SELECT over aggregates.`, {
      cause: error,
    });
  }
}

function describeRow(row: Record<string, string | null>): string {
  const each = Object.entries(row).map(([name, value]) => `${name} ${value ?? 'null'}`);
  return shorten(each.join(', '), 120);
}
