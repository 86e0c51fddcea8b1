import { writeScript } from '../../aggregate/script.ts';
import type { Streams } from '../terminal.ts';

/** Prints the tables, rights and statements of zen for a database administrator. */
export function runSql({ stdout }: Streams = process): void {
  stdout.write(writeScript());
}
