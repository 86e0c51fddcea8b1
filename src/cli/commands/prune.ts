import { prune } from '../../aggregate/prune.ts';
import { refuseOwnLog } from '../../log/source.ts';
import type { Database } from '../../db/database.ts';
import { ZenError } from '../../errors.ts';
import { inspectTables } from '../../ledger/state.ts';
import { describeWindow } from '../../time.ts';
import { requireConsent } from '../consent.ts';
import { describeCount, describeRows, isoWindow, rowsJson } from '../format.ts';
import type { CommonOptions } from '../options.ts';
import { runCommand } from '../run.ts';
import type { Report } from '../run.ts';
import { listOwn } from '../../ledger/state.ts';
import type { Terminal } from '../terminal.ts';
import type { Streams } from '../terminal.ts';

export interface PruneFlags extends CommonOptions {
  /** Milliseconds. */
  pruneRaw?: number;
  pruneAggregates?: number;
  dryRun?: boolean;
  yes?: boolean;
}

/** @param streams where it talks, and a person answers */
export async function runPrune(flags: PruneFlags, streams?: Streams): Promise<void> {
  if (flags.pruneRaw === undefined && flags.pruneAggregates === undefined)
    throw new ZenError('usage', 'Give --prune-raw 30d, --prune-aggregates 400d, or both.');
  await runCommand({ ...flags, streams }, async (db, terminal) => {
    if (!flags.dryRun && !flags.yes) await confirmPruning(db, terminal, flags);
    return pruneIn(db, flags);
  });
}

/** Says how much would be deleted, and asks. */
async function confirmPruning(db: Database, terminal: Terminal, flags: PruneFlags): Promise<void> {
  const { text, json } = await pruneIn(db, { ...flags, dryRun: true });
  if (Object.values(json).every((number) => typeof number !== 'number' || number === 0)) return;
  const remedy = 'Give --yes to delete them, or --dry-run for the figures alone.';
  await requireConsent(terminal, `${db.label}: ${text}`, 'Delete them for good?', remedy);
}

export async function pruneIn(db: Database, flags: PruneFlags): Promise<Report> {
  const { pruneRaw: raw, pruneAggregates: aggregates, wait = 0 } = flags;
  const dryRun = flags.dryRun === true;
  if (raw !== undefined) refuseOwnLog('--prune-raw takes events out of');
  await inspectTables(db, { reads: [], writes: ['log_raw', ...listOwn()] });
  const { events, kept, rows } = await prune(db, { raw, aggregates, dryRun, wait }, Date.now());
  const done = dryRun ? 'Would prune' : 'Pruned';
  const stay = kept.map(
    (window) => `\n${describeWindow(window)} stays in the log, which has changed since it was aggregated.`,
  );
  return {
    text: `${done} ${describeCount(events, 'event')} of the log, ${describeRows(rows)}.${stay.join('')}`,
    json: {
      ...{ dry_run: dryRun, events, ...rowsJson(rows) },
      kept: kept.map(isoWindow),
    },
  };
}
