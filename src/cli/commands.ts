import { open } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { availableParallelism } from 'node:os';
import { aggregate } from '../aggregate/aggregate.ts';
import { queryCovered } from '../ledger/ledger.ts';
import type { Minute } from '../ledger/ledger.ts';
import { merge, subtract } from '../ledger/windows.ts';
import { inspect } from '../ledger/state.ts';
import type { Use } from '../ledger/state.ts';
import { findEvents, plan, slice } from '../aggregate/plan.ts';
import { prune } from '../aggregate/prune.ts';
import { mayCountUsers } from '../aggregate/users.ts';
import { queryStatus } from '../aggregate/status.ts';
import type { Status } from '../aggregate/status.ts';
import type { Database } from '../db/database.ts';
import { messageOf, shorten, ZenError } from '../errors.ts';
import { findPlace, writePage } from '../output.ts';
import type { History } from '../mail/history.ts';
import type { LocaleName } from '../render/locale.ts';
import type { Content, RenderProgress } from '../render/render.ts';
import type { Backup } from '../restore/backup.ts';
import { openBackup, spool } from '../restore/open.ts';
import type { Origin } from '../restore/open.ts';
import { hasEvents, restore } from '../restore/restore.ts';
import { describeDuration, describeWindow, isoTime, lastMidnight, minuteMs } from '../time.ts';
import type { Window } from '../time.ts';
import { command, onInterrupt } from './command.ts';
import type { Report } from './command.ts';
import { readDates } from './options.ts';
import type { CommonOptions, DateOptions } from './options.ts';
import { count, describeProgress, describeShare, megabytes } from './numbers.ts';
import { describeLog, describeStatus, logJson, statusJson } from './report.ts';
import { Terminal } from './terminal.ts';
import type { Streams } from './terminal.ts';

export interface RestoreFlags extends CommonOptions {
  create?: boolean;
  append?: boolean;
  allowEmpty?: boolean;
  yes?: boolean;
  table?: string[];
  null?: string[];
}

/** @param streams where it talks, and a person answers */
export async function runRestore(dump: string, options: RestoreFlags, streams?: Streams): Promise<void> {
  const { open, close } =
    dump === '-'
      ? await spoolInput((streams ?? process).stdin)
      : { open: () => openBackup(dump), close: () => Promise.resolve() };
  try {
    const backup = await open();
    try {
      await restoreFrom(backup, open, options, streams);
    } finally {
      await backup.close();
    }
  } finally {
    await close();
  }
}

async function spoolInput(stdin: NodeJS.Process['stdin']): Promise<Origin> {
  const release = onInterrupt(() => {
    stdin.destroy(new ZenError('interrupted', 'Interrupted. Nothing was changed.'));
  });
  try {
    return await spool(stdin);
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
  const { append = false, allowEmpty, table: tables, wait, null: nulls = [] } = options;
  await command({ ...options, makes: true, streams }, async (db, terminal, seconds) => {
    await inspect(db, { reads: [], writes: ['zen_runs'] });
    if (!options.append && !options.yes && db.kind === 'server' && (await hasEvents(db))) {
      await confirmReplacement(db, terminal);
    }
    const { rows, bytes, indexed, odd, untold, summary } = await terminal.during(
      `Restoring ${dump} into ${db.label}`,
      (update) =>
        restore(db, backup, { append, allowEmpty, tables, wait, nulls, reopen }, (progress) => {
          update(`Restoring ${dump}: ${describeProgress(progress, seconds())}`);
        }),
    );
    if (untold)
      terminal.note(
        'This role may not write zen_runs, so that no later run knows of another log. ' +
          `Run zen aggregate --start-dt ${isoTime(untold.start)} --end-dt ${isoTime(untold.end)}.`,
      );
    if (!indexed)
      terminal.note('log_raw has no index on ts, which only its owner may make: aggregating takes longer.');
    return {
      text: `Restored ${count(rows)} events (${megabytes(bytes)}) into ${db.label} in ${seconds()} s.\n${describeLog(summary, odd)}`,
      json: { rows, bytes, seconds: seconds(), database: db.label, summary: logJson(summary, odd) },
    };
  });
}

async function confirmReplacement(db: Database, terminal: Terminal): Promise<void> {
  const held = `log_raw in ${db.label} is not empty, and would be replaced.`;
  await demandConsent(terminal, held, 'Replace it?', 'Say --yes to replace it, or --append to add to it.');
}

/** Asks a person, and tells whoever cannot be asked what to say instead. */
async function demandConsent(
  terminal: Terminal,
  what: string,
  question: string,
  remedy: string,
): Promise<void> {
  if (!terminal.interactive) throw new ZenError('usage', `${what} ${remedy}`);
  if (!(await terminal.confirm(`${what} ${question}`))) throw new ZenError('failed', 'Nothing was changed.');
}

export interface AggregateFlags extends CommonOptions, DateOptions {
  minute: Minute;
  dryRun?: boolean;
  jobs?: number;
  lookback?: number;
  users?: boolean;
  allowEmpty?: boolean;
}

export async function runAggregate(flags: AggregateFlags): Promise<void> {
  await command(flags, (db, terminal, seconds) => aggregateIn(db, terminal, seconds, flags));
}

export async function aggregateIn(
  db: Database,
  terminal: Terminal,
  seconds: () => number,
  flags: AggregateFlags,
): Promise<Report> {
  const { minute, lookback, wait = 0, users, allowEmpty } = flags;
  const dryRun = flags.dryRun === true;
  const cores = Math.min(availableParallelism(), mostJobs);
  const jobs = db.kind === 'embedded' ? 1 : (flags.jobs ?? cores);
  let windows: Window[] = [];
  let stated = '';
  const told = await terminal.during('Looking up what to aggregate', (update) => {
    const choose = async () => {
      await tellState(db, terminal, { reads: ['log_raw'], writes: zenTables });
      windows = await plan(db, { ...readDates(flags), minute, lookback }, Date.now());
      stated = windows.map(describeWindow).join('; ');
      await noteBefore(db, terminal, windows, flags);
      if (windows.length > 0) update(`Aggregating ${stated}`, true);
      return slice(db, windows);
    };
    return aggregate(db, choose, { minute, dryRun, wait, jobs, users, allowEmpty }, ({ done, of }) => {
      if (of > 1)
        update(`Aggregating ${stated}: ${describeShare(done / of, seconds())} (${done} of ${of} days)`);
    });
  });
  const { events, visitsRows, engagementRows, kept } = told;
  const [start, end] = [windows[0]?.start, windows.at(-1)?.end];
  const json = {
    ...{ start: start === undefined ? null : isoTime(start), end: end === undefined ? null : isoTime(end) },
    ...{ minute, events, visits_rows: visitsRows, engagement_rows: engagementRows, dry_run: dryRun },
    kept: kept.map(isoWindow),
    seconds: seconds(),
  };
  if (windows.length === 0) return { text: await explainNothing(db, Date.now()), json };
  const stay = kept.map((window) => `\n${describeWindow(window)}, ${keeps}`);
  return {
    text:
      `${dryRun ? 'Would aggregate' : 'Aggregated'} ${count(events)} events of ${stated}, into ` +
      `${count(visitsRows)} rows of dash_visits and ${count(engagementRows)} of dash_engagement, in ${seconds()} s.${stay.join('')}`,
    json,
  };
}

const keeps =
  'stays in the tables as it was: the log has no more events of it. To empty it, run zen aggregate --allow-empty.';

function isoWindow({ start, end }: Window): { start: string; end: string } {
  return { start: isoTime(start), end: isoTime(end) };
}

/** What is to be known before some windows are aggregated. */
async function noteBefore(
  db: Database,
  terminal: Terminal,
  windows: readonly Window[],
  { minute, users }: AggregateFlags,
): Promise<void> {
  if (windows.length === 0) return;
  const other = (await queryCovered(db)).find(
    (stretch) => stretch.minute !== minute && subtract(stretch, merge(windows)).length > 0,
  );
  if (other)
    terminal.note(
      `${describeWindow(other)}, is aggregated with --minute ${other.minute}, this run with ${minute}: where they meet, ` +
        'an event may be counted twice, or not at all.',
    );
  if (users && !(await mayCountUsers(db)))
    terminal.note('Users are not counted: this role may not make or fill dash_users.');
}

/** Says what is odd about the tables of a database; refuses what would make a number wrong. */
async function tellState(db: Database, terminal: Terminal, use: Use): Promise<void> {
  for (const note of await inspect(db, use)) terminal.note(note);
}

/** The tables that zen makes. */
const zenTables = ['dash_visits', 'dash_engagement', 'dash_users', 'zen_runs'] as const;

const mostJobs = 4;

/** Why there is nothing to aggregate, and of a log that has begun today, how to do so all the same: up to the last whole minute. */
async function explainNothing(db: Database, now: number): Promise<string> {
  const today = { start: lastMidnight(now), end: now - (now % minuteMs) };
  const before = { start: firstYear, end: today.start };
  const [found] = await findEvents(db, [before]);
  if (found || (await findEvents(db, [today])).length === 0)
    return 'Nothing to aggregate: all of the log up to the last UTC midnight is, or there are no events before it.';
  return (
    'Nothing to aggregate: the log has events since the last UTC midnight only. To have them now, run ' +
    `zen aggregate --start-dt ${isoTime(today.start)} --end-dt ${isoTime(today.end)}.`
  );
}

/** The year 1, before which no event is looked for. */
const firstYear = -62_135_596_800_000;

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
    throw new ZenError('usage', 'Say what may go: --prune-raw 30d, --prune-aggregates 400d, or both.');
  await command({ ...flags, streams }, async (db, terminal) => {
    if (!flags.dryRun && !flags.yes) await confirmPruning(db, terminal, flags);
    return pruneIn(db, flags);
  });
}

/** Asks before anything is taken out, and says how much that is. */
async function confirmPruning(db: Database, terminal: Terminal, flags: PruneFlags): Promise<void> {
  const { text, json } = await pruneIn(db, { ...flags, dryRun: true });
  if ([json.events, json.visits_rows, json.engagement_rows].every((number) => number === 0)) return;
  const remedy = 'Say --yes to take them out, or --dry-run for the figures alone.';
  await demandConsent(terminal, `${db.label}: ${text}`, 'Take them out for good?', remedy);
}

export async function pruneIn(db: Database, flags: PruneFlags): Promise<Report> {
  const { pruneRaw: raw, pruneAggregates: aggregates, wait = 0 } = flags;
  const dryRun = flags.dryRun === true;
  await inspect(db, { reads: [], writes: ['log_raw', ...zenTables] });
  const { events, kept, visitsRows, engagementRows } = await prune(
    db,
    { raw, aggregates, dryRun, wait },
    Date.now(),
  );
  const done = dryRun ? 'Would prune' : 'Pruned';
  const stay = kept.map(
    (window) => `\n${describeWindow(window)}, stays in the log, which has changed since it was aggregated.`,
  );
  return {
    text:
      `${done} ${count(events)} events of the log, ${count(visitsRows)} rows of dash_visits and ` +
      `${count(engagementRows)} of dash_engagement.${stay.join('')}`,
    json: {
      ...{ dry_run: dryRun, events, visits_rows: visitsRows, engagement_rows: engagementRows },
      kept: kept.map(isoWindow),
    },
  };
}

export interface StatusFlags extends CommonOptions {
  maxAge?: number;
}

export async function runStatus(flags: StatusFlags): Promise<void> {
  await command(flags, async (db, terminal) => {
    await tellState(db, terminal, { reads: ['log_raw', ...zenTables] });
    const status = await queryStatus(db, Date.now());
    const { maxAge } = flags;
    const old = maxAge === undefined ? [] : describeAge(status, maxAge);
    return {
      text: describeStatus(status, db.label),
      json: { database: db.label, ...statusJson(status), stale: old.length > 0 },
      failure: old.length > 0 ? new ZenError('stale', old.join(' ')) : undefined,
    };
  });
}

/** What is older than allowed: the end of what is aggregated, the last event, or both. */
function describeAge({ age, eventAge }: Status, maxAge: number): string[] {
  const allowed = `--max-age is ${describeDuration(maxAge)}`;
  const aggregated =
    age === null
      ? `Nothing is aggregated yet; ${allowed}. Run zen aggregate.`
      : `The end of what is aggregated is ${describeDuration(age)} ago; ${allowed}. Run zen aggregate.`;
  const event =
    eventAge === null
      ? `The log has no event yet; ${allowed}. See whether its feed runs.`
      : `The last event is ${describeDuration(eventAge)} old; ${allowed}. See whether the feed of the log has stopped.`;
  return [
    ...((age ?? Infinity) > maxAge ? [aggregated] : []),
    ...((eventAge ?? Infinity) > maxAge ? [event] : []),
  ];
}

export interface RenderFlags extends CommonOptions, DateOptions {
  out: string;
  /** Of the file, as chmod takes it. */
  mode?: number;
  locale: LocaleName;
  title?: string;
  /** Megabytes. */
  maxSize: number;
  minCell: number;
  /** Milliseconds. */
  last?: number;
}

/** The period to render: the dates, or a stretch up to the end, which is the last UTC midnight unless a date says otherwise. */
function readPeriod(flags: RenderFlags): { start: number | undefined; end: number | undefined } {
  const { start, end } = readDates(flags);
  if (flags.last === undefined) return { start, end };
  if (start !== undefined)
    throw new ZenError('usage', 'Say either --last or --start-dt: both tell where the period starts.');
  const till = end ?? lastMidnight(Date.now());
  return { start: till - flags.last, end: till };
}

/** @param streams where it talks */
export async function runRender(flags: RenderFlags, streams?: Streams): Promise<void> {
  if (flags.json && flags.out === '-')
    throw new ZenError('usage', 'With --json, say where the page goes: --out <file>.');
  await command({ ...flags, streams }, async (db, terminal, seconds) => {
    await tellState(db, terminal, { reads: zenTables });
    return renderFrom(db, terminal, seconds, flags);
  });
}

/**
 * @param warning stands on the page, above everything
 * @param content of the page, where it has been read already
 */
export async function renderFrom(
  db: Database,
  terminal: Terminal,
  seconds: () => number,
  flags: RenderFlags,
  { warning, content }: { warning?: string; content?: Content } = {},
): Promise<Report> {
  const { render } = await import('../render/render.ts');
  const { locale, title, out, maxSize, minCell } = flags;
  const toStdout = out === '-';
  const [file, name] = toStdout ? ['stdout', 'the page'] : [resolve(out), out];
  const options = { ...readPeriod(flags), locale, title, maxSize, minCell, warning };
  const { html, period, visits, rows, slow, coarse, silences, uncounted, merged } = await terminal.during(
    `Rendering ${name}`,
    async (update) => {
      const progress = ({ stage, share }: RenderProgress) => {
        const how = share === undefined ? '' : ` ${describeShare(share, seconds())}`;
        update(`Rendering ${name}: ${stage}${how}`);
      };
      const rendered = await render(db, options, Date.now(), progress, content);
      const last = () => {
        db.demand();
      };
      if (toStdout) last();
      else await writePage(file, rendered.html, { mode: flags.mode, last });
      return rendered;
    },
  );
  if (coarse)
    terminal.note(
      `To stay within ${maxSize} MB, the page has hours for minutes before ${isoTime(coarse.until)}.`,
    );
  for (const window of silences)
    terminal.note(`${describeWindow(window)}, has not one event, in busy time: the page says so.`);
  if (uncounted.length > 0)
    terminal.note(
      `The page does not count people: dash_users has none, or not all, of ${uncounted.map((day) => isoTime(day).slice(0, 10)).join(', ')}. ` +
        'Run zen aggregate --users over those days, while the log has them.',
    );
  if (merged > 0)
    terminal.note(
      `${count(merged)} groups of a topic, an age and an event stand merged, so that none has fewer than ${minCell} people. ` +
        (uncounted.length > 0 ? 'Where people are not counted, that is judged by single minutes. ' : '') +
        'For the exact page, which may tell of single people: --min-cell 1.',
    );
  const bytes = Buffer.byteLength(html);
  if (visits === 0)
    terminal.note('The page says that there is no data: nothing is aggregated of its period.');
  for (const name of slow)
    terminal.note(
      `templates/charts/${name}.vl.json cannot be answered from columns, so that it is slow to filter.`,
    );
  return {
    text: `Rendered ${count(visits)} events of ${describeWindow(period)} into ${file} (${megabytes(bytes)}) in ${seconds()} s.`,
    json: {
      file,
      bytes,
      start: isoTime(period.start),
      end: isoTime(period.end),
      visits,
      rows,
      merged,
      seconds: seconds(),
    },
    page: toStdout ? html : undefined,
  };
}

/** The page is compared with a database when one is named. */
export async function runVerify(file: string, flags: CommonOptions & ReadOptions): Promise<void> {
  const { roomFor, verify } = await import('../render/verify.ts');
  const { describeDifference } = await import('../render/compare.ts');
  const html = await readPage(file, flags.maxSize);
  const report = async (db?: Database): Promise<Report> => {
    const { manifest, differences } = await verify(html, db, roomFor(flags.maxSize * 1e6));
    const told = differences.map(describeDifference);
    const held = `${file} is whole: ${count(manifest.events)} events, ${manifest.start} … ${manifest.end}, by zen ${manifest.zen}`;
    return {
      text: told.length > 0 ? told.join('\n') : `${held}${db ? `, as in ${db.label}` : ''}.`,
      json: { file: resolve(file), verified: told.length === 0, manifest, differences },
      failure:
        told.length > 0 ? new ZenError('stale', `${file} is not what it states: see above.`) : undefined,
    };
  };
  await tell(flags, report);
}

/** Prints a report, for which a database is opened only when one is named. */
async function tell(flags: CommonOptions, report: (db?: Database) => Promise<Report>): Promise<void> {
  if (flags.database !== undefined) return command(flags, report);
  const { text, json, failure } = await report();
  new Terminal({ quiet: flags.quiet === true }).print(flags.json ? JSON.stringify(json) : text);
  if (failure) throw failure;
}

/** Bounds for reading a page that may be a stranger's. */
interface ReadOptions {
  /** Megabytes. */
  maxSize: number;
}

export interface MailFlags extends CommonOptions, ReadOptions {
  from: string;
  to: string;
  url?: string;
  out?: string;
  mode?: number;
  /** Megabytes. */
  attach: number;
}

/** Only a page that is what it states is sent. */
export async function runMail(file: string, flags: MailFlags): Promise<void> {
  const { from, to, url } = flags;
  const out = flags.out === '-' ? undefined : flags.out;
  if (flags.json && out === undefined)
    throw new ZenError('usage', 'With --json, say where the message goes: --out <file>.');
  if (out !== undefined && (await isSame(out, file)))
    throw new ZenError('usage', `${out} is the page: name another file for the message.`);
  const html = await readPage(file, flags.maxSize);
  const report = async (db?: Database): Promise<Report> => {
    const { language, history } = await readWhole(file, html, flags.maxSize, db);
    const options = { from, to, url, attach: flags.attach * 1e6, filename: basename(file) };
    const { writeMail } = await import('../mail/mail.ts'); // no sooner: the data take as much memory as what draws them
    const { subject, source, attached } = await writeMail(html, language, history, options);
    if (out === undefined) return { text: source.toString('latin1').trimEnd(), json: {} };
    await writePage(resolve(out), source, { mode: flags.mode, last: () => db?.demand() });
    const size = `${megabytes(source.length)}, ${attached ? 'with' : 'without'} the page`;
    return {
      text: `Wrote “${shorten(subject, 200)}” to ${resolve(out)} (${size}).`,
      json: { file: resolve(out), subject, bytes: source.length, attached },
    };
  };
  await tell(flags, report);
}

async function isSame(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((file) => findPlace(resolve(file)).catch(() => file)));
  return a === b;
}

/** Reads what a message needs of a page, which has to be what it states. */
async function readWhole(
  file: string,
  html: Buffer,
  maxSize: number,
  db?: Database,
): Promise<{ language: LocaleName; history: History }> {
  const { findLanguage, roomFor, verify } = await import('../render/verify.ts');
  const { readHistory } = await import('../mail/history.ts');
  const { data, differences } = await verify(html, db, roomFor(maxSize * 1e6));
  if (!data || differences.length > 0)
    throw new ZenError('stale', `${file} is not what it states: see zen verify. Render it anew.`);
  const language = findLanguage(html);
  return { language, history: readHistory(data, language) };
}

/** Reads a page of at most so many megabytes; of a larger file, or one without an end, no more than that. */
async function readPage(file: string, maxSize: number): Promise<Buffer> {
  try {
    const handle = await open(file);
    try {
      const most = maxSize * 1e6;
      if ((await handle.stat()).size <= most) {
        const pieces: Buffer[] = [];
        const stream = handle.createReadStream({ end: most, autoClose: false });
        for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece);
        const page = Buffer.concat(pieces);
        if (page.length <= most) return page;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new ZenError('failed', `Cannot read ${file}: ${messageOf(error)}.`, { cause: error });
  }
  const larger = `${file} is larger than the ${maxSize} MB that a page may take`;
  throw new ZenError('failed', `${larger}. If it is yours, allow more (--max-size).`);
}
