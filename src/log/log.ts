import { fillSql, readShipped, sql } from '../files.ts';
import { minuteMs } from '../time.ts';
import type { Window } from '../time.ts';
import { logParts } from './source.ts';

/** The minute that an event belongs to: the one it happened in, or the nearest one (the original's rule). */
export type Minute = 'floor' | 'nearest';

/** The first three parameters of a statement over `log`: the events of a window, by a rule. */
export function windowOf({ start, end }: Window, minute: Minute): [from: number, to: number, rule: Minute] {
  return [boundOf(start, minute), boundOf(end, minute), minute];
}

/**
 * The least `ts` whose minute is not before a time, both Unix milliseconds. By the rule `nearest`, a minute begins 30 s before its full
 * minute, an odd one 29 s (see `sql/log/window.sql`).
 */
function boundOf(time: number, rule: Minute): number {
  const minute = Math.ceil(time / minuteMs);
  return minute * minuteMs - (rule === 'nearest' ? 30_000 - Math.abs(minute % 2) * 1000 : 0);
}

/** The statement in `sql/<name>.sql` about the rows of the log itself, with `:raw` and the other parts of `logParts` filled in. */
export function aboutLog(name: string): string {
  return sql(name, logParts());
}

/** The statement in `sql/<name>.sql` over the relation `log`, whose place in it is `:log`. */
export function overLog(name: string, parts: Record<string, string> = {}): string {
  const text = `${readShipped(`sql/${name}.sql`)} ${Object.values(parts).join(' ')}`;
  return sql(name, { ...parts, log: writeLog(text) });
}

/** Tells whether a statement names a column, even in a comment. */
export function namesColumn(statement: string, column: string): boolean {
  return new RegExp(`\\b${column}\\b`).test(statement);
}

/** The relation `log` with the columns that a statement names. A log may lack the others, which would also take room. */
export function writeLog(statement: string): string {
  const isNamed = (column: string) => namesColumn(statement, column);
  const text = readShipped('sql/log/window.sql').replaceAll(/^ +(\w+),\n/gm, (line, column: string) =>
    column === 'minute' || isNamed(column) ? line : '',
  );
  return fillSql(text, logParts(isNamed));
}
