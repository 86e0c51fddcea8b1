import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { environment, resolveTarget } from '../../config.ts';
import type { Session } from '../../db/database.ts';
import { exitOf, exits, messageOf, Told, ZenError } from '../../errors.ts';
import { queryLastEvent, queryLate } from '../../ledger/changed.ts';
import type { Changed } from '../../ledger/changed.ts';
import { queryCovered } from '../../ledger/ledger.ts';
import { listOwn } from '../../ledger/state.ts';
import { merge, subtract, sumLengths } from '../../ledger/windows.ts';
import { archive } from '../../nightly/archive.ts';
import { describeChecks, findFailing, runChecks, tellCheck } from '../../nightly/checks.ts';
import type { Check, Limits } from '../../nightly/checks.ts';
import { writeMetrics } from '../../nightly/metrics.ts';
import type { Figures } from '../../nightly/metrics.ts';
import { choosePeriod } from '../../nightly/period.ts';
import { ping } from '../../nightly/ping.ts';
import { retry } from '../../nightly/retry.ts';
import type { Content } from '../../render/render.ts';
import { describeDuration, describeWindow, isoTime } from '../../time.ts';
import type { Window } from '../../time.ts';
import { onInterrupt, runCommand } from '../run.ts';
import type { Report } from '../run.ts';
import { requireFile } from '../options.ts';
import type { OtherPage } from '../pages.ts';
import { tellState } from '../state.ts';
import { aggregateIn } from './aggregate.ts';
import { pruneIn } from './prune.ts';
import { renderFrom, renderPages, requireChoices } from './render.ts';
import type { AggregateFlags } from './aggregate.ts';
import type { PruneFlags } from './prune.ts';
import type { RenderFlags } from './render.ts';
import { describeLate } from '../report.ts';
import { Terminal } from '../terminal.ts';

export interface NightlyFlags extends AggregateFlags, RenderFlags, PruneFlags, Limits {
  /** Milliseconds. */
  last: number;
  heal: number;
  /** False where another engine fills the tables. */
  aggregate: boolean;
  /** Milliseconds in which a server that cannot be reached is tried again. */
  retryFor: number;
  archive?: boolean;
  keep: number;
  failOn: 'fail' | 'warn';
  force?: boolean;
  logFormat: 'text' | 'json';
  /** A file for Prometheus. */
  metrics?: string;
  /** The URL of a monitor. */
  ping?: string;
}

/** Writes a step of the run as a line. */
type Log = (step: string, text: string, facts?: Record<string, unknown>) => void;

/** Does everything that a night needs: aggregates what is missing, checks it, publishes the page, and reports the outcome. */
export async function runNightly(flags: NightlyFlags, pages: OtherPage[]): Promise<void> {
  requireFile(flags.out);
  const run = randomUUID();
  const isJson = flags.logFormat === 'json';
  const logTo =
    (voice: Terminal): Log =>
    (step, text, facts = {}) => {
      const line = { time: isoTime(Date.now()), run, step, text, ...facts };
      voice.note(isJson ? JSON.stringify(line) : `${line.time} ${step}: ${text}`);
    };
  const log = logTo(new Terminal({ quiet: flags.quiet === true }));
  const figures: Figures = { started: Date.now(), finished: NaN, exit: NaN, published: false, checks: [] };
  const ring = async (signal: string) => {
    const why = flags.ping === undefined ? undefined : await ping(flags.ping, signal);
    if (why !== undefined) log('ping', `The monitor of --ping was not reached: ${why}.`);
  };
  const begun = ring('start');
  let failure = await findFailure(spendWithTries(flags, log, () => spend(flags, pages, run, log, figures)));
  if (flags.metrics !== undefined) {
    Object.assign(figures, {
      finished: Date.now(),
      exit: failure === undefined ? exits.done : exitOf(failure),
    });
    const unwritten = await findFailure(writeMetrics(resolve(flags.metrics), figures));
    failure ??= unwritten;
  }
  await begun;
  await ring(failure === undefined ? '' : String(exitOf(failure)));
  if (failure === undefined) return;
  if (!isJson) throw failure;
  logTo(new Terminal())('failed', messageOf(failure), { outcome: 'failed', exit: exitOf(failure) });
  throw new Told('The last line tells what failed.', { cause: failure });
}

async function findFailure(work: Promise<void>): Promise<Error | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function spendWithTries(
  { retryFor, database }: NightlyFlags,
  log: Log,
  work: () => Promise<void>,
): Promise<void> {
  const isServer = resolveTarget(database, environment()).kind === 'server';
  await retry(isServer ? retryFor : 0, work, async (failure, pause) => {
    await rest(pause, () => {
      log('retry', `${failure.message} The next try is in ${describeDuration(pause)}.`);
    });
  });
}

/**
 * Waits; a signal to end is heard from before `announce`, as whoever reads that may send one.
 *
 * @throws ZenError `interrupted` at such a signal
 */
async function rest(ms: number, announce: () => void): Promise<void> {
  const interrupted = new AbortController();
  const release = onInterrupt(() => {
    interrupted.abort();
  });
  try {
    announce();
    await sleep(ms, undefined, { signal: interrupted.signal });
  } catch (cause) {
    throw new ZenError('interrupted', 'Interrupted.', { cause });
  } finally {
    release();
  }
}

/** The most rounds of aggregating what has changed meanwhile, before the checks are final. */
const mostRounds = 3;

async function spend(
  flags: NightlyFlags,
  pages: OtherPage[],
  run: string,
  log: Log,
  figures: Figures,
): Promise<void> {
  const tell = (text: string) => {
    log('note', text);
  };
  const json = flags.json === true || flags.logFormat === 'json';
  const options = { ...flags, json, quiet: true, silent: flags.quiet === true, tell };
  await runCommand({ ...options, writes: true }, async (db, terminal, seconds) => {
    if (!flags.aggregate) await tellState(db, terminal, { reads: listOwn() });
    const aggregated = flags.aggregate ? await aggregateIn(db, terminal, seconds, flags) : undefined;
    if (aggregated) {
      figures.aggregated = aggregated.json;
      log('aggregate', aggregated.text, aggregated.json);
    }
    const look = (session: Session) => examine(session, flags, figures);
    let examined = await db.transaction(look, { snapshot: 'read only', beside: true });
    const heals = flags.aggregate && flags.heal > 0;
    for (let round = 1; round < mostRounds && heals && isBehind(examined); round++) {
      const healed = await aggregateIn(db, terminal, seconds, { ...flags, lookback: 0 });
      if (healed.json.start === null) break;
      log('heal', healed.text, healed.json);
      examined = await db.transaction(look, { snapshot: 'read only', beside: true });
    }
    const { window, checks, failed, late, content } = examined;
    figures.checks = checks;
    for (const check of checks)
      log(`check ${check.name}`, `${check.outcome}: ${tellCheck(check)}`, { outcome: check.outcome });
    for (const line of describeLate(late)) log('late', line);
    const lost = late.map(({ start, end, ...of }) => ({ start: isoTime(start), end: isoTime(end), ...of }));
    const told = { run, aggregated: aggregated?.json ?? null, checks, late: lost };
    if (!content) return refuseToPublish(failed, flags, told);
    const warning = failed.map(({ text }) => text).join(' ');
    const page: RenderFlags = { ...flags, startDt: window.start, endDt: window.end };
    delete page.last;
    await requireChoices(content, pages);
    const rendered = await renderFrom(db, terminal, seconds, page, { warning, content });
    Object.assign(figures, { published: true, rows: rendered.json.rows });
    log('render', rendered.text, rendered.json);
    const others = await renderPages(db, terminal, page, pages, { warning, content });
    if (others.length > 0) log('pages', `Rendered ${others.length} more.`, { pages: others });
    if (flags.archive) {
      const copy = await archive(resolve(flags.out), window.end, flags.keep, flags.mode);
      log('archive', `Copied to ${copy}.`, { copy });
    }
    const isPruning = flags.pruneRaw !== undefined || flags.pruneAggregates !== undefined;
    const pruned = isPruning ? await pruneIn(db, flags) : undefined;
    if (pruned) log('prune', pruned.text, pruned.json);
    return {
      text: `Published ${resolve(flags.out)}: ${describeWindow(window)}; ${describeChecks(checks)}, in ${seconds()} s.`,
      json: {
        ...told,
        published: true,
        page: rendered.json,
        pages: others,
        pruned: pruned?.json ?? null,
        seconds: seconds(),
      },
    };
  });
}

/** Tells whether the log has received events for aggregated minutes, as it may while a run is at work. */
function isBehind({ failed }: Examined): boolean {
  return failed.some(({ name }) => name === 'events');
}

interface Examined {
  window: Window;
  checks: Check[];
  failed: Check[];
  /** See `queryLate`. */
  late: Changed[];
  /** Of the page, unless it may not be published. */
  content?: Content;
}

/** Checks whether a page can be published, and reads it: exactly what was checked is published. */
async function examine(session: Session, flags: NightlyFlags, figures: Figures): Promise<Examined> {
  const { last, force, locale, minCell, failOn, aggregate } = flags;
  const covered = merge(await queryCovered(session));
  const window = await choosePeriod(session, last, covered);
  figures.lastEvent = await queryLastEvent(session, Date.now());
  figures.coverage = { end: covered.at(-1)?.end ?? null, missing: sumLengths(subtract(window, covered)) };
  const checks = await runChecks(session, window, { ...flags, everyDay: !aggregate && covered.length === 0 });
  const failed = findFailing(checks, failOn);
  const late = await queryLate(session);
  if (failed.length > 0 && !force) return { window, checks, failed, late };
  const { readContent } = await import('../../render/render.ts');
  const content = await readContent(session, { ...window, locale, minCell }, Date.now());
  const { compareEvents, describeDifference } = await import('../../render/compare.ts');
  const [differs] = compareEvents(content.payload).map(describeDifference);
  if (differs === undefined) {
    checks.push({ name: 'tables', outcome: 'passed', text: 'Both tables have the same events.' });
    return { window, checks, failed, late, content };
  }
  const text = `The tables are not of the same events. ${differs} Aggregate that day again.`;
  const tables: Check = { name: 'tables', outcome: 'failed', text };
  return { window, checks: [...checks, tables], failed: [...failed, tables], late };
}

function refuseToPublish(failed: Check[], { out }: NightlyFlags, json: Record<string, unknown>): Report {
  const told = failed.map(tellCheck).join(' ');
  // Nothing is published that `zen verify` would refuse.
  const isFirm = failed.some(({ name }) => name === 'tables');
  const orForce = isFirm ? '' : ', or publish with a warning: --force';
  const has = (names: RegExp) => failed.some(({ name }) => names.test(name));
  const remedy = has(/^(events|coverage|tables|funnel)$/)
    ? 'Run zen status --deep to see what to aggregate again'
    : has(/^(feed|silence|volume)$/)
      ? 'Once the log has all events, run zen nightly again'
      : 'Fix what it finds';
  return {
    text: `Not published; ${resolve(out)} is as it was.`,
    json: { ...json, published: false },
    failure: new ZenError('stale', `${told} ${remedy}${orForce}.`),
  };
}
