import type { Row } from '../data/table.ts';
import type { Column, Panel } from '../panels.ts';
import type { Writer } from './format.ts';

/** A chart's rows as a table; a missing number is null. */
export interface Sheet {
  columns: Column[];
  body: (string | number | null)[][];
}

/** The number of rows of a table that the page shows. */
export const sheetRows = 500;

/** The rows of a panel as a table, in the order in which they are read. A minute is ISO 8601, UTC; with hours, they are told apart. */
export function tabulate(
  { columns, sort }: Pick<Panel, 'columns' | 'sort'>,
  rows: readonly Row[],
  { t }: Writer,
): Sheet {
  const hasHours = rows.some(({ minutes }) => minutes !== undefined);
  const all = columns.flatMap((column) =>
    column.kind === 'time' && hasHours
      ? [column, { field: 'minutes', title: t('Minutes'), kind: 'count' as const }]
      : [column],
  );
  return {
    columns: all,
    body: [...rows].sort(byFields(sort)).map((row) => all.map((column) => readCell(row, column))),
  };
}

/** Compares rows by fields, the largest first where a minus stands before them. */
function byFields(sort: readonly string[]): (a: Row, b: Row) => number {
  const keys = sort.map((key) =>
    key.startsWith('-') ? { field: key.slice(1), sign: -1 } : { field: key, sign: 1 },
  );
  return (a, b) => {
    for (const { field, sign } of keys) {
      const [one, two] = [a[field], b[field]] as [number, number];
      if (one !== two) return one < two ? -sign : sign;
    }
    return 0;
  };
}

function readCell(row: Row, { field, kind }: Column): string | number | null {
  const value = row[field];
  if (kind === 'time') return isoMinute(Number(value));
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}

function isoMinute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16)}Z`;
}

/** A value of a column, for people. */
export function show(value: string | number | null, column: Column | undefined, write: Writer): string {
  if (typeof value === 'string') return value;
  return column?.kind === 'count' && value !== null ? write.number(value) : write.percent(value);
}

/**
 * A table as CSV (RFC 4180), with a byte order mark, by which Excel knows that it is UTF-8. A text that a spreadsheet would
 * take for a formula gets an apostrophe before it (OWASP, "CSV Injection").
 */
export function toCsv({ columns, body }: Sheet): string {
  const lines = [columns.map(({ title }) => title), ...body].map((cells) => cells.map(csvCell).join(','));
  return `\uFEFF${lines.join('\r\n')}\r\n`;
}

function csvCell(value: string | number | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value);
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
