import { escapeText } from './text.ts';

/** Words that programs write where there is no value, in lower case: spreadsheets, pandas, R, Go, JavaScript, database clients. */
export const nullWords: readonly string[] = [
  ...['null', '[null]', '(null)', '<null>', '#null!', 'none', 'nil', 'undefined', '\\n'],
  ...['nan', '-nan', 'nat', 'na', '<na>', '#na', 'n/a', '#n/a', '#n/a n/a', '-', '--'],
];
const lowerCaseWords = new Set(nullWords);
const longestWord = Math.max(...nullWords.map((word) => word.length));

/** Tells whether a text is a word for NULL, however it is written, perhaps among spaces. `sql/restore/summary.sql` has the same rule. */
export function isNullWord(text: string): boolean {
  if (text.length > 4 * longestWord) return false;
  return lowerCaseWords.has(text.replaceAll(/^ +| +$/g, '').toLowerCase());
}

/** Rows of COPY text, in which the values that are one of `words` become NULL, in every column. */
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
