import { quoteName } from '../db/database.ts';
import type { Database, Session } from '../db/database.ts';
import { ZenError } from '../errors.ts';
import { sql } from '../files.ts';
import { intersect } from '../ledger/windows.ts';
import { querySpan } from '../ledger/silence.ts';
import { listAggregates, queryColumns } from '../log/aggregates.ts';
import { writeCsvLine } from '../shared/text/csv.ts';
import { suggest } from '../suggest.ts';
import { hourMs } from '../time.ts';
import type { Window } from '../time.ts';

/** Ways to write the rows: CSV with a header, or one JSON object per line. */
export type RowFormat = 'csv' | 'json';

/**
 * Writes the rows of an aggregate, in order of their minutes, from one snapshot.
 *
 * @param window without its start or end, from the first minute, or to the last
 * @param write takes an hour's rows as text, and resolves when there is room for more
 * @returns the number of rows
 * @throws ZenError `usage` for an aggregate that is not there
 */
export async function exportRows(
  db: Database,
  name: string,
  format: RowFormat,
  { start, end }: { start: number | undefined; end: number | undefined },
  write: (text: string) => Promise<void>,
): Promise<number> {
  const all = listAggregates();
  const aggregate = all.find((one) => one.name === name);
  if (!aggregate) {
    const names = all.map((one) => one.name);
    throw new ZenError('usage', `There is no aggregate “${name}”. ${suggest(name, names)}`);
  }
  return db.transaction(
    async (session) => {
      const { dimensions, measure } = await queryColumns(session, aggregate);
      const columns = [...dimensions, measure];
      const statement = sql('aggregate/rows', {
        table: aggregate.table,
        columns: columns.map(quoteName).join(', '),
      });
      const span = await querySpan(session);
      const whole = span && intersect(span, { start: start ?? -Infinity, end: end ?? Infinity });
      if (format === 'csv') await write(writeCsvLine(['dt', ...columns]));
      let rows = 0;
      for (const window of whole ? cutIntoHours(whole) : [])
        rows += await writeHour(session, statement, window, format, write);
      return rows;
    },
    { snapshot: 'read only' },
  );
}

/** Cuts a period into hours: a day of a busy site has millions of rows, which would all be in memory at once. */
function* cutIntoHours(whole: Window): Generator<Window> {
  for (let start = whole.start; start < whole.end;) {
    const end = Math.min((Math.floor(start / hourMs) + 1) * hourMs, whole.end);
    yield { start, end };
    start = end;
  }
}

type Row = Record<string, string | number | null>;

async function writeHour(
  session: Session,
  statement: string,
  { start, end }: Window,
  format: RowFormat,
  write: (text: string) => Promise<void>,
): Promise<number> {
  const rows = await session.query<Row>(statement, [start, end]);
  const lines = rows.map((row) =>
    format === 'json' ? `${JSON.stringify(row)}\n` : writeCsvLine(Object.values(row)),
  );
  if (lines.length > 0) await write(lines.join(''));
  return rows.length;
}
