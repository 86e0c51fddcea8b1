import { resolve } from 'node:path';
import { aggregate, resolveWindow } from '../aggregate/aggregate.ts';
import type { Minute } from '../aggregate/aggregate.ts';
import { environment, resolveTarget } from '../config.ts';
import type { Database } from '../db/database.ts';
import { openDatabase } from '../db/open.ts';
import { ZenError } from '../errors.ts';
import type { LocaleName } from '../render/locale.ts';
import type { Backup } from '../restore/backup.ts';
import { openBackup } from '../restore/open.ts';
import { hasEvents, restore } from '../restore/restore.ts';
import type { Summary } from '../restore/summary.ts';
import { describeWindow, isoTime } from '../time.ts';
import { readDates } from './options.ts';
import type { CommonOptions, DateOptions } from './options.ts';
import { count, describeProgress, megabytes } from './numbers.ts';
import { Terminal } from './terminal.ts';

/** What a command tells: a sentence for people, an object for programs. */
interface Report {
  text: string;
  json: Record<string, unknown>;
}

/** Opens the database for `work`, closes it whatever happens, and prints what `work` reports. */
async function command(
  options: CommonOptions & { create?: boolean },
  work: (db: Database, terminal: Terminal, seconds: () => number) => Promise<Report>,
): Promise<void> {
  const started = performance.now();
  const seconds = () => Number(((performance.now() - started) / 1000).toFixed(3));
  const terminal = new Terminal({ quiet: options.quiet === true });
  const target = resolveTarget(options.database, environment());
  const db = await openDatabase(target, { create: options.create === true });
  try {
    const { text, json } = await work(db, terminal, seconds);
    terminal.print(options.json ? JSON.stringify(json) : text);
  } finally {
    await db.close();
  }
}

export interface RestoreFlags extends CommonOptions {
  create?: boolean;
  append?: boolean;
  yes?: boolean;
  table: string;
}

export async function runRestore(dump: string, options: RestoreFlags): Promise<void> {
  const backup = await openBackup(dump);
  try {
    await restoreFrom(backup, options);
  } finally {
    await backup.close();
  }
}

async function restoreFrom(backup: Backup, options: RestoreFlags): Promise<void> {
  const dump = backup.path;
  await command(options, async (db, terminal, seconds) => {
    if (!options.append && !options.yes && db.kind === 'server' && (await hasEvents(db))) {
      await confirmReplacement(db, terminal);
    }
    const { rows, bytes, summary } = await terminal.during(`Restoring ${dump} into ${db.label}`, (update) =>
      restore(db, backup, { append: options.append === true, table: options.table }, (progress) => {
        update(`Restoring ${dump}: ${describeProgress(progress, seconds())}`);
      }),
    );
    return {
      text: `Restored ${count(rows)} events (${megabytes(bytes)}) into ${db.label} in ${seconds()} s.\n${describe(summary)}`,
      json: { rows, bytes, seconds: seconds(), database: db.label, summary: withTimes(summary) },
    };
  });
}

function withTimes(summary: Summary): Record<string, unknown> {
  const iso = (ms: number | null) => (ms === null ? null : isoTime(ms));
  return { ...summary, first: iso(summary.first), last: iso(summary.last) };
}

/** What the log holds, then a line for each thing that is odd about it. */
function describe(summary: Summary): string {
  const { first, last, nulls, duplicate_ids, outside, in_seconds } = summary;
  const lines = [
    `It holds ${count(summary.item_topics)} card topics, ${count(summary.source_topics)} source topics, ` +
      `${count(summary.age_segments)} age groups, ${count(summary.events)} kinds of event` +
      (first === null || last === null ? '.' : `, from ${isoTime(first)} to ${isoTime(last)}.`),
  ];
  const missing = Object.entries(nulls).map(([name, number]) => `${name} ${count(number)}`);
  if (missing.length > 0) lines.push(`Missing values: ${missing.join(', ')}.`);
  if (duplicate_ids > 0) lines.push(`${count(duplicate_ids)} events repeat the id of another.`);
  if (outside > 0) lines.push(`${count(outside)} events lie outside the years 2000 to 2100.`);
  if (in_seconds > 0)
    lines.push(`${count(in_seconds)} of them look like seconds: ts should be milliseconds.`);
  return lines.join('\n');
}

async function confirmReplacement(db: Database, terminal: Terminal): Promise<void> {
  const held = `log_raw in ${db.label} is not empty, and would be replaced.`;
  if (!terminal.interactive)
    throw new ZenError('usage', `${held} Say --yes to replace it, or --append to add to it.`);
  if (!(await terminal.confirm(`${held} Replace it?`))) throw new ZenError('failed', 'Nothing was changed.');
}

export interface AggregateFlags extends CommonOptions, DateOptions {
  minute: Minute;
  dryRun?: boolean;
}

export async function runAggregate(flags: AggregateFlags): Promise<void> {
  await command(flags, async (db, terminal, seconds) => {
    const options = { ...readDates(flags), minute: flags.minute, dryRun: flags.dryRun === true };
    const window = await resolveWindow(db, options, Date.now());
    const { minute, dryRun } = options;
    if (!window) {
      const json = { start: null, end: null, minute, events: 0, visits_rows: 0, engagement_rows: 0 };
      return {
        text: 'Nothing to aggregate: the log has no events between the last aggregated minute and the last UTC midnight.',
        json: { ...json, seconds: seconds(), dry_run: dryRun },
      };
    }
    const told = await terminal.during(`Aggregating ${describeWindow(window)}`, () =>
      aggregate(db, window, options),
    );
    return {
      text:
        `${dryRun ? 'Would aggregate' : 'Aggregated'} ${count(told.events)} events of ${describeWindow(window)}, into ` +
        `${count(told.visitsRows)} rows of dash_visits and ${count(told.engagementRows)} of dash_engagement, in ${seconds()} s.`,
      json: {
        start: isoTime(window.start),
        end: isoTime(window.end),
        minute,
        events: told.events,
        visits_rows: told.visitsRows,
        engagement_rows: told.engagementRows,
        seconds: seconds(),
        dry_run: dryRun,
      },
    };
  });
}

export interface RenderFlags extends CommonOptions, DateOptions {
  out: string;
  locale: LocaleName;
  title?: string;
}

export async function runRender(flags: RenderFlags): Promise<void> {
  await command(flags, async (db, terminal, seconds) => {
    const { render, writePage } = await import('../render/render.ts');
    const { locale, title, out } = flags;
    const file = resolve(out);
    const { html, period, visits, rows } = await terminal.during(`Rendering ${out}`, async () => {
      const rendered = await render(db, { ...readDates(flags), locale, title });
      await writePage(file, rendered.html);
      return rendered;
    });
    const bytes = Buffer.byteLength(html);
    return {
      text: `Rendered ${count(visits)} events of ${describeWindow(period)} into ${file} (${megabytes(bytes)}) in ${seconds()} s.`,
      json: {
        file,
        bytes,
        start: isoTime(period.start),
        end: isoTime(period.end),
        visits,
        rows,
        seconds: seconds(),
      },
    };
  });
}
