import { refuseOwnLog } from '../../log/source.ts';
import type { Database } from '../../db/database.ts';
import { shorten, ZenError } from '../../errors.ts';
import { inspectTables } from '../../ledger/state.ts';
import type { Backup, BackupOptions } from '../../restore/formats/backup.ts';
import { openBackup, spool } from '../../restore/formats/detect.ts';
import type { Origin } from '../../restore/formats/detect.ts';
import { hasEvents, inspect, restore } from '../../restore/restore.ts';
import type { TimeUnit } from '../../restore/times.ts';
import { isoTime } from '../../time.ts';
import { requireConsent } from '../consent.ts';
import { describeCount, describeProgress } from '../format.ts';
import { describeSize } from '../../shared/units.ts';
import type { CommonOptions } from '../options.ts';
import { describeIds, describeLog, logJson } from '../report.ts';
import { runCommand, onInterrupt } from '../run.ts';
import { Terminal } from '../terminal.ts';
import type { Streams } from '../terminal.ts';

export interface RestoreFlags extends CommonOptions {
  create?: boolean;
  append?: boolean;
  allowEmpty?: boolean;
  yes?: boolean;
  table?: string[];
  null?: string[];
  timeUnit?: TimeUnit;
  encoding?: string;
  columns?: ReadonlyMap<string, string>;
  events?: ReadonlyMap<string, string>;
  dbname?: string;
  dryRun?: boolean;
  delimiter?: string;
  quote?: string;
  escape?: string;
}

/** @param streams where it talks, and a person answers */
export async function runRestore(dumps: string[], options: RestoreFlags, streams?: Streams): Promise<void> {
  const { open, close } =
    dumps.length === 1 && dumps[0] === '-'
      ? await spoolInput((streams ?? process).stdin, options)
      : { open: () => openBackup(dumps, options), close: () => Promise.resolve() };
  try {
    const backup = await open();
    try {
      if (options.dryRun) await lookAt(backup, open, options, streams);
      else await restoreFrom(backup, open, options, streams);
    } finally {
      await backup.close();
    }
  } finally {
    await close();
  }
}

/** Tells what would be restored, without a database. */
async function lookAt(
  backup: Backup,
  reopen: () => Promise<Backup>,
  { allowEmpty, table: tables, null: nulls = [], columns, events, timeUnit, quiet, json }: RestoreFlags,
  streams?: Streams,
): Promise<void> {
  const options = { append: false, allowEmpty, tables, nulls, columns, events, timeUnit, reopen };
  const terminal = new Terminal({ quiet: quiet === true }, streams);
  const { format, table, rows, first, odd, notes, summary, ...held } = await inspect(backup, options);
  const mapped = held.columns.map(([name, theirs]) => (name === theirs ? name : `${name} (there ${theirs})`));
  const lines = [
    `${backup.path} (${format}) holds ${describeCount(rows, 'event')} of ${table.name}. Nothing was changed.`,
    `Columns: ${mapped.join(', ')}.`,
    ...first.map((row) => `  ${shorten(row.replaceAll('\t', ' | '), 200)}`),
    ...notes,
    ...(notes.some((note) => note.startsWith('Its texts are in')) ? [] : ['Its texts are in UTF-8.']),
    ...(summary ? [describeLog(summary, odd)] : odd.map(describeIds)),
  ];
  const told = {
    format,
    table: table.name,
    columns: Object.fromEntries(held.columns),
    rows,
    first,
    odd,
    notes,
  };
  terminal.print(
    json
      ? JSON.stringify({ ...told, summary: summary && logJson(summary, odd), dry_run: true })
      : lines.join('\n'),
  );
}

async function spoolInput(stdin: NodeJS.Process['stdin'], known: BackupOptions): Promise<Origin> {
  const release = onInterrupt(() => {
    stdin.destroy(new ZenError('interrupted', 'Interrupted. Nothing was changed.'));
  });
  try {
    return await spool(stdin, known);
  } finally {
    release();
  }
}

async function restoreFrom(
  backup: Backup,
  reopen: () => Promise<Backup>,
  options: RestoreFlags,
  streams?: Streams,
): Promise<void> {
  const dump = backup.path;
  const {
    append = false,
    allowEmpty,
    table: tables,
    wait,
    null: nulls = [],
    columns,
    events,
    timeUnit,
  } = options;
  refuseOwnLog('zen restore fills');
  await runCommand({ ...options, makes: true, writes: true, streams }, async (db, terminal, seconds) => {
    await inspectTables(db, { reads: [], writes: ['zen_runs'] });
    if (!options.append && !options.yes && db.kind === 'server' && (await hasEvents(db))) {
      await confirmReplacement(db, terminal);
    }
    const { rows, bytes, indexed, odd, notes, untold, summary } = await terminal.during(
      `Restoring ${dump} into ${db.label}`,
      (update) =>
        restore(
          db,
          backup,
          { append, allowEmpty, tables, wait, nulls, columns, events, timeUnit, reopen },
          (progress) => {
            update(`Restoring ${dump}: ${describeProgress(progress, seconds())}`);
          },
        ),
    );
    for (const note of notes) terminal.note(note);
    if (untold)
      terminal.note(
        'This role may not write zen_runs, so that no later run knows of another log. ' +
          `Run zen aggregate --start-dt ${isoTime(untold.start)} --end-dt ${isoTime(untold.end)}.`,
      );
    if (!indexed)
      terminal.note('log_raw has no index on ts, which only its owner may make: aggregating takes longer.');
    return {
      text: `Restored ${describeCount(rows, 'event')} (${describeSize(bytes)}) into ${db.label} in ${seconds()} s.\n${describeLog(summary, odd)}`,
      json: { rows, bytes, seconds: seconds(), database: db.label, notes, summary: logJson(summary, odd) },
    };
  });
}

async function confirmReplacement(db: Database, terminal: Terminal): Promise<void> {
  const held = `log_raw in ${db.label} is not empty, and would be replaced.`;
  await requireConsent(terminal, held, 'Replace it?', 'Give --yes to replace it, or --append to add to it.');
}
