import type { Session } from '../db/database.ts';
import { sql } from '../files.ts';
import { overEvents } from '../log/aggregates.ts';
import { findFailures, listOwnChecks } from '../log/checks.ts';
import type { OwnCheck } from '../log/checks.ts';
import { mayCompare, queryChanged } from '../ledger/changed.ts';
import { queryCovered, queryLatest } from '../ledger/ledger.ts';
import { queryKnown, querySilences } from '../ledger/silence.ts';
import { clip, merge, subtract } from '../ledger/windows.ts';
import { dayMs, describeWindow, isoTime } from '../time.ts';
import type { Window } from '../time.ts';

/** The outcome of one check before a page is published. */
export interface Check {
  name: 'events' | 'coverage' | 'feed' | 'silence' | 'funnel' | 'volume' | 'tables' | OwnCheck['path'];
  /** A check that fails keeps the page from being published; one that warns does not. */
  outcome: 'passed' | 'warned' | 'failed';
  /** A sentence with the figures. */
  text: string;
}

/** A day with this many times the events of the days before, or so many times fewer, is unusual. */
const unusual = 3;

/**
 * Looks whether the aggregates of a period can be shown: as many events as in the log, no gap, a last day with `minEvents` at
 * least, no more views than shows, nothing that the project's own checks find. A suspicious silence and a last day of an unusual size are warnings. What the role may not see,
 * or no ledger tells, passes.
 */
export async function runChecks(session: Session, period: Window, minEvents = 1): Promise<Check[]> {
  const covered = clip(await queryCovered(session), period);
  return [
    await checkEvents(session, covered),
    checkCoverage(period, covered),
    await checkFeed(session, period, minEvents),
    await checkSilence(session, period),
    await checkFunnel(session, period),
    await checkVolume(session, period),
    ...(await runOwnChecks(session, period)),
  ];
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

type CoveredStretches = Awaited<ReturnType<typeof queryCovered>>;

async function checkEvents(session: Session, covered: CoveredStretches): Promise<Check> {
  const name = 'events';
  if (!(await mayCompare(session)))
    return { name, outcome: 'passed', text: 'The role may not read the log, which was not compared.' };
  const changed = await queryChanged(session, covered);
  if (changed.length === 0)
    return { name, outcome: 'passed', text: 'The tables have the events of the log.' };
  const [log, tables] = [
    changed.reduce((sum, { events }) => sum + events, 0),
    changed.reduce((sum, { visits }) => sum + visits, 0),
  ];
  const text = `The log has ${log} events where the tables have ${tables}: it has changed since it was aggregated.`;
  return { name, outcome: 'failed', text };
}

function checkCoverage(period: Window, covered: CoveredStretches): Check {
  const gaps = covered.length > 0 ? subtract(period, merge(covered)) : [];
  const [first] = gaps;
  if (!first) return { name: 'coverage', outcome: 'passed', text: 'No minute of the period is missing.' };
  const more = gaps.length > 1 ? `, and ${gaps.length - 1} more stretches` : '';
  return {
    name: 'coverage',
    outcome: 'failed',
    text: `${describeWindow(first)}, was never aggregated${more}.`,
  };
}

/** A feed that has stopped leaves days without events, which are as well aggregated as any. */
async function checkFeed(session: Session, { start, end }: Window, minEvents: number): Promise<Check> {
  const day = { start: Math.max(start, end - dayMs), end };
  const [found] = await session.query<{ events: number }>(overEvents('ledger/events'), [day.start, day.end]);
  const events = found?.events ?? 0;
  const last = await queryLatest(session, end);
  const latest =
    last === null ? 'there is no event before it' : `the last event before its end is of ${isoTime(last)}`;
  const told = `${describeWindow(day)}, has ${events} events`;
  return events >= minEvents
    ? { name: 'feed', outcome: 'passed', text: `${told}.` }
    : {
        name: 'feed',
        outcome: 'failed',
        text: `${told}, fewer than the ${minEvents} of --min-events; ${latest}. See whether the feed of the log has stopped.`,
      };
}

/** A warning: the numbers are as in the log, and a page that names what is missing is worth more than yesterday's. */
async function checkSilence(session: Session, period: Window): Promise<Check> {
  const name = 'silence';
  const [first, ...others] = await querySilences(session, period, await queryKnown(session));
  if (!first) return { name, outcome: 'passed', text: 'No stretch without events is suspicious.' };
  const more = others.length > 0 ? `, and ${others.length} more stretches` : '';
  const text = `${describeWindow(first)}, has not one event, in busy time${more}: see whether the feed failed.`;
  return { name, outcome: 'warned', text };
}

async function checkFunnel(session: Session, { start, end }: Window): Promise<Check> {
  const [sums] = await session.query<{ shows: number; views: number }>(sql('nightly/sums'), [start, end]);
  const { shows = 0, views = 0 } = sums ?? {};
  return {
    name: 'funnel',
    outcome: views <= shows ? 'passed' : 'failed',
    text: `${shows} users of shows and ${views} of views${views <= shows ? '' : ': there cannot be more views than shows'}.`,
  };
}

async function checkVolume(session: Session, { end }: Window): Promise<Check> {
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
  const isUsual = events <= usual * unusual && events * unusual >= usual;
  const text = `The last day has ${events} events; the median of the days before is ${usual}.`;
  return { name: 'volume', outcome: isUsual ? 'passed' : 'warned', text };
}
