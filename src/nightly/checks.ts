import { isUsualFunnel, listEnds } from '../log/steps.ts';
import type { Session } from '../db/database.ts';
import { sql } from '../files.ts';
import { overEvents } from '../log/aggregates.ts';
import { findFailures, listOwnChecks } from '../log/checks.ts';
import type { OwnCheck } from '../log/checks.ts';
import { mayCompare, queryChanged, queryChangedBefore, queryLastEvent } from '../ledger/changed.ts';
import type { Changed } from '../ledger/changed.ts';
import { queryCovered, queryPruned } from '../ledger/ledger.ts';
import type { Covered } from '../ledger/ledger.ts';
import { remedy } from '../ledger/remedy.ts';
import { queryKnown, querySilences } from '../ledger/silence.ts';
import { clip, dayOf, listDays, merge, subtract, wholeDays } from '../ledger/windows.ts';
import { known } from '../shared/known.ts';
import { dayMs, describeWindow, isoTime, minuteMs } from '../time.ts';
import type { Window } from '../time.ts';

/** The outcome of one check before a page is published. */
export interface Check {
  name: 'events' | 'coverage' | 'feed' | 'silence' | 'funnel' | 'volume' | 'tables' | OwnCheck['path'];
  /** A check that fails keeps the page from being published; one that warns does not. */
  outcome: 'passed' | 'warned' | 'failed';
  /** A sentence with the figures. */
  text: string;
  /** The commands to type. */
  remedy?: string;
}

/** The thresholds of the checks. */
export interface Limits {
  /** Events that the last day must have. */
  minEvents: number;
  /** A day with more than so many times the events of the days before, or so many times fewer, is unusual. */
  maxChange: number;
  /** A silence below so many milliseconds is not told. */
  minSilence: number;
  /** Without a ledger, nothing but its events tells that a day was aggregated. */
  everyDay?: boolean;
}

export const usualLimits: Limits = { minEvents: 1, maxChange: 3, minSilence: 5 * minuteMs };

/**
 * Looks whether the aggregates of a period can be shown: as many events as in the log, no gap, a last day with enough of them,
 * no more views than shows, nothing that the project's own checks find. A suspicious silence, a last day of an unusual size, and a
 * change of the log before the period are warnings. What the role may not see, or no ledger tells, passes.
 */
export async function runChecks(session: Session, period: Window, limits = usualLimits): Promise<Check[]> {
  const covered = await queryCovered(session);
  return [
    await checkEvents(session, period, covered),
    limits.everyDay ? await checkDays(session, period) : checkCoverage(period, clip(covered, period)),
    await checkFeed(session, period, limits),
    await checkSilence(session, period, limits),
    await checkFunnel(session, period),
    await checkVolume(session, period, limits),
    ...(await runOwnChecks(session, period)),
  ];
}

/** Returns the checks that keep a page from being published: those that fail, and with `warn` those that warn, too. */
export function findFailing(checks: readonly Check[], failOn: 'fail' | 'warn'): Check[] {
  return checks.filter(({ outcome }) => outcome === 'failed' || (outcome === 'warned' && failOn === 'warn'));
}

/** Says what a check found, and what to type. */
export function tellCheck({ text, remedy }: Check): string {
  return remedy === undefined ? text : `${text} ${remedy}`;
}

/** Counts the checks by their outcome. */
export function describeChecks(checks: readonly Check[]): string {
  const count = (outcome: Check['outcome']) => checks.filter((check) => check.outcome === outcome).length;
  const parts = [`${count('passed')} of ${checks.length} checks passed`];
  if (count('warned') > 0) parts.push(`${count('warned')} warned`);
  if (count('failed') > 0) parts.push(`${count('failed')} failed`);
  return parts.join(', ');
}

/** Runs the checks of the project, each of whose rows is a failure. */
async function runOwnChecks(session: Session, period: Window): Promise<Check[]> {
  const checks: Check[] = [];
  for (const check of listOwnChecks()) {
    const { path } = check;
    const [first, ...others] = await findFailures(session, check, period);
    const told = [first, ...others.slice(0, 2), ...(others.length > 2 ? ['and more'] : [])].join('; ');
    checks.push(
      first === undefined
        ? { name: path, outcome: 'passed', text: `${path} finds nothing.` }
        : { name: path, outcome: 'failed', text: `${path} finds: ${told}.` },
    );
  }
  return checks;
}

async function checkEvents(session: Session, period: Window, covered: readonly Covered[]): Promise<Check> {
  const name = 'events';
  if (!(await mayCompare(session)))
    return {
      name,
      outcome: 'passed',
      text: 'This role may read no log, so nothing was compared.',
    };
  const changed = await queryChanged(session, clip(covered, period));
  const older = await queryChangedBefore(session, period.start, covered);
  if (changed.length + older.length === 0)
    return { name, outcome: 'passed', text: 'The tables have the events of the log.' };
  return {
    ...{ name, outcome: changed.length > 0 ? 'failed' : 'warned' },
    text: [
      ...describeChanged(changed, 'The log'),
      ...describeChanged(older, 'Before the period of the page, the log'),
    ].join(' '),
    remedy: listCommands([...older, ...changed], covered, await queryPruned(session)),
  };
}

function describeChanged(changed: readonly Changed[], what: string): string[] {
  if (changed.length === 0) return [];
  const sum = (of: 'events' | 'visits') => changed.reduce((total, one) => total + one[of], 0);
  return [
    `${what} has ${sum('events')} events, but the tables have ${sum('visits')}: it has changed since it was aggregated.`,
  ];
}

/** The most stretches that are named, each with the command that fixes it. */
const mostCommands = 3;

/** The commands that aggregate the first days again; for pruned days, only the minutes. */
function listCommands(
  changed: readonly Changed[],
  covered: readonly Covered[],
  pruned: readonly Window[],
): string {
  const isPruned = (window: Window) => clip(pruned, window).length > 0;
  const days = merge(changed.map((window) => (isPruned(window) ? window : wholeDays(window))));
  const commands = days.slice(0, mostCommands).map((day) => `${remedy(day, covered)}.`);
  return [
    ...commands,
    ...(days.length > mostCommands ? ['For the others, run zen status --deep.'] : []),
  ].join(' ');
}

function checkCoverage(period: Window, covered: readonly Covered[]): Check {
  const gaps = covered.length > 0 ? subtract(period, merge(covered)) : [];
  const [first] = gaps;
  if (!first) return { name: 'coverage', outcome: 'passed', text: 'No minute of the period is missing.' };
  const more = gaps.length > 1 ? `, and ${gaps.length - 1} more stretches` : '';
  return {
    name: 'coverage',
    outcome: 'failed',
    text: `${describeWindow(first)} was never aggregated${more}.`,
  };
}

/** Tells which days have no events at all, though those around them have. */
async function checkDays(session: Session, { start, end }: Window): Promise<Check> {
  const days = await session.query<{ day: number }>(overEvents('nightly/volumes'), [start, end]);
  const has = new Set(days.map(({ day }) => dayOf(day)));
  const empty = listDays({ start, end }).filter((day) => !has.has(day));
  const text = `No event in the tables on ${empty.map((day) => isoTime(day * dayMs).slice(0, 10)).join(', ')}: fill them.`;
  return empty.length > 0
    ? { name: 'coverage', outcome: 'failed', text }
    : { name: 'coverage', outcome: 'passed', text: 'Each day of the period has events.' };
}

/** A feed that has stopped leaves days without events, which are as well aggregated as any. */
async function checkFeed(session: Session, { start, end }: Window, { minEvents }: Limits): Promise<Check> {
  const day = { start: Math.max(start, end - dayMs), end };
  const [found] = await session.query<{ events: number }>(overEvents('ledger/events'), [day.start, day.end]);
  const { events } = known(found);
  const told = `${describeWindow(day)} has ${events} events`;
  if (events >= minEvents) return { name: 'feed', outcome: 'passed', text: `${told}.` };
  const last = await queryLastEvent(session, Date.now());
  const since =
    last === null
      ? 'there has never been one'
      : `the last event is of ${isoTime(last)}, and nothing has come since`;
  return {
    name: 'feed',
    outcome: 'failed',
    text: `${told}, fewer than the ${minEvents} of --min-events: ${since}. Check the feed.`,
  };
}

/** A warning: the numbers are as in the log, and a page that names what is missing is worth more than yesterday's. */
async function checkSilence(session: Session, period: Window, { minSilence }: Limits): Promise<Check> {
  const name = 'silence';
  const silences = await querySilences(session, period, await queryKnown(session));
  const [first, ...others] = silences.filter(({ start, end }) => end - start >= minSilence);
  if (!first) return { name, outcome: 'passed', text: 'No stretch without events is suspicious.' };
  const more = others.length > 0 ? `, and ${others.length} more stretches` : '';
  const text = `${describeWindow(first)} has not one event, in a busy time${more}: check whether the feed failed.`;
  return { name, outcome: 'warned', text };
}

async function checkFunnel(session: Session, { start, end }: Window): Promise<Check> {
  const [of, , to] = listEnds();
  const [sums] = await session.query<{ first: number; last: number }>(sql('nightly/sums'), [
    start,
    end,
    of,
    to,
  ]);
  const { first, last } = known(sums);
  const [shows, views] = isUsualFunnel() ? ['shows', 'views'] : [`“${of}”`, `“${to}”`];
  return {
    name: 'funnel',
    outcome: last <= first ? 'passed' : 'failed',
    text: `${first} users of ${shows} and ${last} of ${views}${last <= first ? '' : `: there cannot be more ${views} than ${shows}`}.`,
  };
}

async function checkVolume(session: Session, { end }: Window, { maxChange }: Limits): Promise<Check> {
  const last = end - dayMs;
  const days = await session.query<{ day: number; events: number }>(overEvents('nightly/volumes'), [
    last - 7 * dayMs,
    end,
  ]);
  const before = days.filter(({ day }) => day < last).map(({ events }) => events);
  const usual = before.toSorted((a, b) => a - b)[Math.floor(before.length / 2)];
  const events = days.find(({ day }) => day === last)?.events ?? 0;
  if (usual === undefined)
    return { name: 'volume', outcome: 'passed', text: 'There are no days to compare with.' };
  const isUsual = events <= usual * maxChange && events * maxChange >= usual;
  const text = `The last day has ${events} events; the median of the days before is ${usual}.`;
  return { name: 'volume', outcome: isUsual ? 'passed' : 'warned', text };
}
