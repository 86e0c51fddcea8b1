import { escapeText } from './text.ts';

/** Words, in lower case, that programs write for a missing value: spreadsheets, pandas, R, Go, JavaScript, database clients. */
export const nullWords: readonly string[] = [
  ...['null', '[null]', '(null)', '<null>', '#null!', 'none', 'nil', 'undefined', '\\n'],
  ...['nan', '-nan', 'nat', 'na', '<na>', '#na', 'n/a', '#n/a', '#n/a n/a', '-', '--'],
];
const lowerCaseWords = new Set(nullWords);
const longestWord = Math.max(...nullWords.map((word) => word.length));

/**
 * Tells whether a text is a word for NULL, in any case and perhaps among spaces. `sql/restore/summary.sql` has the same
 * rule.
 */
export function isNullWord(text: string): boolean {
  if (text.length > 4 * longestWord) return false;
  return lowerCaseWords.has(text.replaceAll(/^ +| +$/g, '').toLowerCase());
}

/** Replaces values that are one of `words` by NULL, in every column of rows of COPY text. */
export function replaceWords(rows: AsyncIterable<Buffer>, words: readonly string[]): AsyncIterable<Buffer> {
  if (words.length === 0) return rows;
  const each = words.map((word) => escapeText(Buffer.from(word).toString('latin1')));
  const alternatives = each.map((word) => word.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|');
  return replaceMatches(rows, new RegExp(`(?<![^\\t\\n])(?:${alternatives})(?=[\\t\\n])`, 'g'));
}

async function* replaceMatches(rows: AsyncIterable<Buffer>, value: RegExp): AsyncGenerator<Buffer> {
  for await (const piece of rows)
    yield Buffer.from(piece.toString('latin1').replaceAll(value, '\\N'), 'latin1');
}
