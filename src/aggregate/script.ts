import { quoteName, quoteText } from '../db/database.ts';
import { findOwnSchema } from '../db/schema.ts';
import { listSql, readShipped, sql } from '../files.ts';
import { describeLayout } from '../ledger/migrations.ts';
import { listAggregates } from '../log/aggregates.ts';
import type { Aggregate } from '../log/aggregates.ts';
import { overLog } from '../log/log.ts';
import { tableOfLog, findOwnLog } from '../log/source.ts';

/** A part of the script, under its heading. */
interface Part {
  heading: string;
  statements: string[];
}

/** Everything that zen needs from a database, for its administrator: tables with comments, rights, and the statements of a run. */
export function writeScript(): string {
  return [writeTables(), writeComments(), writeRights(), writeRuns()]
    .map(
      ({ heading, statements }) =>
        `-- ${heading}\n\n${statements.map((one) => `${one.trimEnd()};\n`).join('\n')}`,
    )
    .join('\n');
}

/** The aggregates whose tables have a definition; the others follow from the columns of their statements. */
function listDefined(): Aggregate[] {
  return listAggregates().filter(({ name }) => listSql('aggregates/tables').includes(name));
}

function writeTables(): Part {
  const log = findOwnLog() ? [] : [sql('restore/table'), sql('restore/index')];
  const aggregates = listDefined().flatMap(({ name, table }) => [
    sql(`aggregates/tables/${name}`),
    sql('aggregate/index', { table, index: `${table}_dt` }),
  ]);
  const home = findOwnSchema();
  const schema =
    home === undefined
      ? []
      : [`create schema if not exists ${quoteName(home)}`, `set search_path = ${quoteName(home)}, public`];
  return {
    heading:
      'The tables. Zen makes them where they are not there; those of other aggregates, too, of the columns that they give.',
    statements: [
      ...log,
      ...schema,
      ...aggregates,
      sql('people/table'),
      sql('people/index'),
      ...describeLayout(),
    ],
  };
}

function writeComments(): Part {
  const tables = listDefined().map(({ name, table }) => [table, `sql/aggregates/tables/${name}.sql`]);
  const all = [...tables, ['dash_users', 'sql/people/table.sql']] as [string, string][];
  return {
    heading: 'Comments on them, for those who look into the database.',
    statements: all.map(([table, path]) => `comment on table ${table} is ${quoteText(firstSentences(path))}`),
  };
}

/** The first two sentences at the head of a file. */
function firstSentences(path: string): string {
  const head = /^(?:--.*\n)+/.exec(readShipped(path))?.[0] ?? '';
  const text = head.replaceAll(/^-- ?/gm, '').replaceAll('\n', ' ');
  return (/^.*?\. .*?\.(?= |$)/.exec(text)?.[0] ?? text).trim();
}

function writeRights(): Part {
  const tables = [...listDefined().map(({ table }) => table), 'dash_users', 'zen_runs'].join(', ');
  const own = findOwnSchema();
  const home = own === undefined ? 'public' : quoteName(own);
  const ids = listDefined().map(({ table }) => `${home}.${table}_record_id_seq`);
  const log = tableOfLog();
  return {
    heading:
      'Rights of three roles: one that restores, one that runs zen nightly, one that only renders. Their names are examples.',
    statements: [
      ...(findOwnLog()
        ? []
        : [
            'grant usage on schema public to zen_loader',
            `grant select, insert, truncate on ${log} to zen_loader`,
          ]),
      `grant usage, create on schema ${home} to zen_nightly`,
      `grant select on ${log} to zen_nightly`,
      `grant select, insert, delete on ${tables} to zen_nightly`,
      `grant usage on sequence ${ids.join(', ')} to zen_nightly`,
      `grant usage on schema ${home} to zen_reader`,
      `grant select on ${tables} to zen_reader`,
      `alter default privileges for role zen_nightly in schema ${home} grant select on tables to zen_reader`,
    ],
  };
}

function writeRuns(): Part {
  const runs = listAggregates().map(({ name, statement }) => {
    const made = overLog('aggregate/made', { statement, columns: '*' }).replaceAll(/(^|\()--.*\n/gm, '$1');
    return `prepare ${quoteName(`zen_${name}`)} (bigint, bigint, text) as\n${made}`;
  });
  return {
    heading:
      "What a run reads: explain execute zen_visits (from, until, 'floor') has the plan; times are Unix milliseconds.",
    statements: runs,
  };
}
