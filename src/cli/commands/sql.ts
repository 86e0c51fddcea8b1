import { writeScript } from '../../aggregate/script.ts';
import type { Streams } from '../terminal.ts';

/** Prints the tables, the rights and the statements of zen, for whoever looks after the database. */
export function runSql({ stdout }: Streams = process): void {
  stdout.write(writeScript());
}
