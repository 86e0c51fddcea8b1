import { once } from 'node:events';
import { exportRows } from '../../aggregate/export.ts';
import { listOwn } from '../../ledger/state.ts';
import { describeCount } from '../format.ts';
import { readDates } from '../options.ts';
import type { CommonOptions, DateOptions } from '../options.ts';
import { runCommand } from '../run.ts';
import { tellState } from '../state.ts';
import type { Streams } from '../terminal.ts';

export type ExportFlags = CommonOptions & DateOptions;

/** Writes the rows of an aggregate to stdout. */
export async function runExport(name: string, flags: ExportFlags, streams: Streams = process): Promise<void> {
  const { stdout } = streams;
  const write = async (text: string) => {
    if (!stdout.write(text)) await once(stdout, 'drain');
  };
  await runCommand({ ...flags, json: false, streams }, async (db, terminal) => {
    await tellState(db, terminal, { reads: listOwn() });
    const format = flags.json ? 'json' : 'csv';
    const rows = await exportRows(db, name, format, readDates(flags), write);
    return { text: `Exported ${describeCount(rows, 'row')} of ${name}.`, json: { rows }, page: '' };
  });
}
