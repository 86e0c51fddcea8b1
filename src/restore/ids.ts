import { shorten, ZenError } from '../errors.ts';
import type { BackupTable } from './formats/backup.ts';
import { isNullWord } from './copy/nulls.ts';
import { toUtf8, unescapeText } from './copy/text.ts';

const idColumns: readonly string[] = ['event_id', 'item_id', 'source_id', 'user_id'];

/** Tells whether a column of the log holds ids, which are numbers or texts. */
export function isId(name: string): boolean {
  return idColumns.includes(name);
}

/** The types of ids that nothing declares: numbers so far; numbers in another notation; texts. */
export type IdType = 'bigint, perhaps' | 'bigint, rewritten' | 'text';

/** Values among those first seen, each with the number of its rows. */
type Examples = [value: string, rows: number][];

/** A column of ids whose values were not all numbers, and how it was read. */
export interface OddIds {
  column: string;
  /** Kept as texts, all of them, or read as numbers. */
  kept: 'text' | 'numbers';
  /** The numbers of rows whose value is a number in PostgreSQL's notation, and of all other rows. */
  numbers: number;
  others: number;
  /** The other values, the most frequent first. */
  examples: Examples;
}

/** The ids of a backup, judged by all its values. */
export interface ExaminedIds {
  types: ReadonlyMap<string, IdType>;
  odd: OddIds[];
}

/** Signals that an id does not fit the type guessed from the first rows, so that all ids must be examined. */
export class IdsInDoubt extends Error {}

/** Numbers in PostgreSQL's notation that always fit a bigint. */
const number = /^(?:0|-?[1-9]\d{0,17})$/;
const optionalBlanks = String.raw`(?: |\\t|\xc2\xa0|\xe2\x80\xaf)*`;
/**
 * Whole numbers in another notation: 5.0, +5, 1,234,567, 1 234 567, with blanks around. 12.000 is excluded, since it
 * may be 12 or 12,000; a leading zero makes another id.
 */
const whole = new RegExp(
  String.raw`^${optionalBlanks}(?!\d{1,3}\.000(?!\d))([+-]?(?:0|[1-9]\d{0,17}|[1-9]\d{0,2}(?:(?:[,' _]|\xc2\xa0|\xe2\x80\xaf)\d{3}){1,5}))(?:\.0+|,00?)?${optionalBlanks}$`,
);
/** 1.23E+05: what a spreadsheet leaves of a long number. Without a dot and a sign, it may also be a hexadecimal id. */
const rounded = new RegExp(
  String.raw`^${optionalBlanks}[+-]?\d+(?:[.,]\d+e[+-]?|e[+-])\d+${optionalBlanks}$`,
  'i',
);
const perhapsRounded = /^[1-9]\d*e\d+$/i;
const notFinite = /^[+-]?inf(?:inity)?$/i;

type Form = 'null' | 'number' | 'whole' | 'rounded' | 'perhaps' | 'word' | 'text';

/** @param field of COPY text */
function formOf(field: string): Form {
  if (field === '\\N') return 'null';
  if (number.test(field)) return 'number';
  if (whole.test(field)) return 'whole';
  if (rounded.test(field)) return 'rounded';
  if (perhapsRounded.test(field)) return 'perhaps';
  const value = unescapeText(field) ?? field;
  return value.trim() === '' || notFinite.test(value) || isNullWord(value) ? 'word' : 'text';
}

/** Rewrites a COPY field that is a whole number in PostgreSQL's notation; any other field stays. */
export function rewriteId(field: string): string {
  const digits = whole.exec(field)?.[1];
  return digits === undefined ? field : String(BigInt(digits.replaceAll(/[^\d-]/g, '')));
}

/**
 * Types the ids of a table whose backup declares none: CSV, and data-only dumps. The types come from an examination, or
 * are guessed from the first rows (COPY text); later rows may contradict a guess (`requireNumbers`).
 *
 * @throws IdsInDoubt when these are neither all numbers nor all texts
 */
export function typeIds(table: BackupTable, rows: Buffer, ids: ExaminedIds | undefined): BackupTable {
  if (table.types.size > 0) return table;
  return { ...table, types: ids?.types ?? guess(table, rows) };
}

function guess({ columns }: BackupTable, rows: Buffer): Map<string, IdType> {
  const first = splitRows(rows);
  const typeOf = (place: number): IdType => {
    const forms = new Set(first.map((fields) => formOf(fields[place] ?? '\\N')));
    forms.delete('null');
    if (forms.size > 1 || !(forms.size === 0 || forms.has('number') || forms.has('text')))
      throw new IdsInDoubt();
    return forms.has('text') ? 'text' : 'bigint, perhaps';
  };
  return new Map(idPlaces(columns).map(([name, place]) => [name, typeOf(place)]));
}

/**
 * Checks that ids which look like numbers are numbers.
 *
 * @param rows in COPY text, of those columns
 * @throws IdsInDoubt at an id that would not survive conversion to a number
 */
export function requireNumbers(rows: Buffer, columns: readonly string[], guessed: readonly string[]): void {
  const places = guessed.map((name) => columns.indexOf(name));
  const isNumber = (field = '') => field === '\\N' || number.test(field);
  for (const fields of splitRows(rows))
    if (!places.every((place) => isNumber(fields[place]))) throw new IdsInDoubt();
}

/**
 * Reads all rows of a backup to learn what its ids are.
 *
 * @param rows in COPY text, of the table's columns
 * @throws ZenError `failed` for ids that would be counted wrongly: rounded ones, and words for NULL among numbers
 */
export async function examineIds(
  { columns }: BackupTable,
  rows: AsyncIterable<Buffer>,
  path: string,
): Promise<ExaminedIds> {
  const counters = idPlaces(columns).map(([name, place]) => ({ place, ids: new FormCounter(name) }));
  for await (const piece of rows)
    for (const fields of splitRows(piece))
      for (const { place, ids } of counters) ids.add(fields[place] ?? '\\N');
  const decided = counters.map(({ ids }) => ids.decide(path));
  return {
    types: new Map(decided.map(({ column, type }) => [column, type])),
    odd: decided.flatMap(({ odd }) => odd ?? []),
  };
}

/** The number of distinct values to count, and the number to report. */
const mostExamples = 1000;
const fewExamples = 3;

/** Counts the values of a column by their form. */
class FormCounter {
  readonly #column: string;
  readonly #rows: Record<Form, number> = {
    null: 0,
    number: 0,
    whole: 0,
    rounded: 0,
    perhaps: 0,
    word: 0,
    text: 0,
  };
  readonly #values = new Map<Form, Map<string, number>>();

  constructor(column: string) {
    this.#column = column;
  }

  add(field: string): void {
    const form = formOf(field);
    this.#rows[form]++;
    if (form === 'null' || form === 'number') return;
    const values = this.#values.get(form) ?? new Map<string, number>();
    this.#values.set(form, values);
    const rows = values.get(field);
    if (rows !== undefined || values.size < mostExamples) values.set(field, (rows ?? 0) + 1);
  }

  decide(path: string): { column: string; type: IdType; odd?: OddIds } {
    const column = this.#column;
    const { number: numbers, whole: wholes, rounded: sure, perhaps, word: words, text: texts } = this.#rows;
    if (sure > 0 || perhaps > texts) this.#refuseRounded(path, sure + perhaps);
    if (words > 0 && (numbers + wholes > 0 || texts === 0)) this.#refuseWords(path);
    if (texts + perhaps > 0) {
      const others = wholes + perhaps + words + texts;
      const examples = this.#examples('text', 'whole', 'perhaps', 'word');
      const odd: OddIds = { column, kept: 'text', numbers, others, examples };
      return { column, type: 'text', ...(numbers + wholes > 0 && { odd }) };
    }
    if (wholes === 0) return { column, type: 'bigint, perhaps' };
    const odd: OddIds = {
      column,
      kept: 'numbers',
      numbers,
      others: wholes,
      examples: this.#examples('whole'),
    };
    return { column, type: 'bigint, rewritten', odd };
  }

  /** The values of those forms, each form with its most frequent ones. */
  #examples(...forms: Form[]): Examples {
    return forms.flatMap((form) => {
      const values = [...(this.#values.get(form) ?? [])].sort(([, a], [, b]) => b - a).slice(0, fewExamples);
      return values.map(([field, rows]): [string, number] => [toUtf8(unescapeText(field) ?? field), rows]);
    });
  }

  #refuseRounded(path: string, rows: number): never {
    const [[example] = ['']] = this.#examples('rounded', 'perhaps');
    throw new ZenError(
      'failed',
      `${path}: ${this.#column} is in scientific notation, such as “${shorten(example, 40)}”, in ${rows} of its values: ` +
        'their digits are lost. Export it again as text, or as whole numbers.',
    );
  }

  #refuseWords(path: string): never {
    const words = this.#examples('word');
    const found = words.map(([word, rows]) => `“${shorten(word, 40)}” × ${rows}`).join(', ');
    const remedy = words.map(([word]) => `--null ${quoteArgument(word)}`).join(' ');
    throw new ZenError(
      'failed',
      `${path}: ${this.#column} has ${found} among numbers, which would be counted as an id. Say ${remedy} if that means NULL.`,
    );
  }
}

/** Quotes a text for the shell. */
export function quoteArgument(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Quotes a file name for a command to type; FILE stands for standard input. */
export function quoteFile(path: string): string {
  return path === 'standard input' ? 'FILE' : quoteArgument(path);
}

function idPlaces(columns: readonly string[]): [name: string, place: number][] {
  return columns.map((name, place): [string, number] => [name, place]).filter(([name]) => isId(name));
}

/** Splits whole rows of COPY text into their values. */
export function splitRows(rows: Buffer): string[][] {
  return rows
    .toString('latin1')
    .split('\n')
    .slice(0, -1)
    .map((row) => row.split('\t'));
}
