import { backslash, newline, tab } from './bytes.ts';

/** The rows that are read, as COPY text, and the place where they are written, as COPY binary. */
export interface CopyCursor {
  rows: Buffer;
  view: DataView;
  out: DataView;
  /** The number of bytes that have been written. */
  written: number;
}

/** A column of the rows. */
export interface ColumnEncoder {
  nulls: number;
  /** Counts the value that starts at a place, writes it, and gives where it ends, or `unsure`. */
  read(cursor: CopyCursor, start: number): number;
}

export const unsure = -1;

const bigN = 78;

export function isEnd(byte: number | undefined): boolean {
  return byte === tab || byte === newline;
}

/** Writes the NULL that stands at a place, and gives where it ends; `unsure` when it is none. */
export function readNull(column: ColumnEncoder, cursor: CopyCursor, start: number): number {
  const { rows, out, written } = cursor;
  if (rows[start] !== backslash || rows[start + 1] !== bigN || !isEnd(rows[start + 2])) return unsure;
  column.nulls++;
  out.setInt32(written, -1);
  cursor.written = written + 4;
  return start + 2;
}
