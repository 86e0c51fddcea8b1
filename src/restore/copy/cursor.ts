import { backslash, newline, tab } from './bytes.ts';

/** The rows being read, as COPY text, and the place where they are written, as COPY binary. */
export interface CopyCursor {
  rows: Buffer;
  view: DataView;
  out: DataView;
  /** The number of bytes written. */
  written: number;
}

/** A column of the rows. */
export interface ColumnEncoder {
  nulls: number;
  /** Counts and writes the value at a position, and returns where it ends, or `unsure`. */
  read(cursor: CopyCursor, start: number): number;
}

export const unsure = -1;

const bigN = 78;

export function isEnd(byte: number | undefined): boolean {
  return byte === tab || byte === newline;
}

/** Writes the NULL at a position and returns where it ends; `unsure` when it is not NULL. */
export function readNull(column: ColumnEncoder, cursor: CopyCursor, start: number): number {
  const { rows, out, written } = cursor;
  if (rows[start] !== backslash || rows[start + 1] !== bigN || !isEnd(rows[start + 2])) return unsure;
  column.nulls++;
  out.setInt32(written, -1);
  cursor.written = written + 4;
  return start + 2;
}
