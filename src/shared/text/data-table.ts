import type { Row } from '../data/table.ts';
import type { Column, Panel } from '../panels.ts';
import { known } from '../known.ts';
import { writeCsvLine } from './csv.ts';
import type { Writer } from './format.ts';

/** A chart's rows as a table: times are Unix milliseconds, missing numbers null. */
export interface Sheet {
  columns: Column[];
  body: (string | number | null)[][];
}

/** The number of table rows that the page shows. */
export const sheetRows = 500;

/** Lists the rows of a panel as a table, in reading order, telling hours apart from minutes. */
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

/** Compares rows by fields; a minus puts the largest first. */
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

function readCell(row: Row, { field }: Column): string | number | null {
  const value = row[field];
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}

/** Writes a value of a column for people. A minute is ISO 8601, UTC. */
export function show(value: string | number | null, column: Column | undefined, write: Writer): string {
  if (typeof value === 'string') return value;
  if (column?.kind === 'time') return `${new Date(known(value)).toISOString().slice(0, 16)}Z`;
  return column?.kind === 'count' && value !== null ? write.number(value) : write.percent(value);
}

/** Writes a date that spreadsheets in any language recognise. */
function formatDate(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}

/** Writes shares without an exponent, which some spreadsheets cannot read. */
const digits = new Intl.NumberFormat('en', { useGrouping: false, maximumSignificantDigits: 15 });

/**
 * Writes a table as CSV for a spreadsheet in the reader's language, with semicolons when numbers have a decimal comma.
 * A byte order mark tells Excel that it is UTF-8. Texts that look like formulas get a leading apostrophe (OWASP, "CSV
 * Injection").
 */
export function toCsv({ columns, body }: Sheet, { decimal }: Pick<Writer, 'decimal'>): string {
  const separator = decimal === ',' ? ';' : ',';
  const number = (value: number, at: number) =>
    columns[at]?.kind === 'time' ? formatDate(value) : digits.format(value).replace('.', decimal);
  const line = (cells: Sheet['body'][number]) => writeCsvLine(cells.map(guard), separator, number);
  // A separator in a header misleads programs that detect it from the first line.
  const head = columns.map(({ title }) => title.replaceAll(/[,;\t] */g, ' '));
  return `\uFEFF${[head, ...body].map(line).join('')}`;
}

function guard(value: string | number | null): string | number | null {
  return typeof value === 'string' && /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/.test(value) ? `'${value}` : value;
}
