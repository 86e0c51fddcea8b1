import { availableParallelism } from 'node:os';
import { aggregate } from '../../aggregate/aggregate.ts';
import { listEventful } from '../../log/questions.ts';
import { plan, slice } from '../../aggregate/plan.ts';
import type { Database } from '../../db/database.ts';
import { queryCovered } from '../../ledger/ledger.ts';
import type { Minute } from '../../log/log.ts';
import { merge, subtract } from '../../ledger/windows.ts';
import { mayCountUsers } from '../../people/table.ts';
import { describeWindow, isoTime, lastMidnight, minuteMs } from '../../time.ts';
import type { Window } from '../../time.ts';
import { describeCount, describeRows, describeShare, isoWindow, rowsJson } from '../format.ts';
import { readDates } from '../options.ts';
import type { CommonOptions, DateOptions } from '../options.ts';
import { runCommand } from '../run.ts';
import type { Report } from '../run.ts';
import { listOwn } from '../../ledger/state.ts';
import { tellState } from '../state.ts';
import type { Terminal } from '../terminal.ts';

export interface AggregateFlags extends CommonOptions, DateOptions {
  minute: Minute;
  dryRun?: boolean;
  jobs?: number;
  lookback?: number;
  /** Milliseconds. */
  heal?: number;
  users?: boolean;
  allowEmpty?: boolean;
}

export async function runAggregate(flags: AggregateFlags): Promise<void> {
  await runCommand(flags, (db, terminal, seconds) => aggregateIn(db, terminal, seconds, flags));
}

export async function aggregateIn(
  db: Database,
  terminal: Terminal,
  seconds: () => number,
  flags: AggregateFlags,
): Promise<Report> {
  const { minute, lookback, heal, wait = 0, users, allowEmpty } = flags;
  const dryRun = flags.dryRun === true;
  const cores = Math.min(availableParallelism(), mostJobs);
  const jobs = db.kind === 'embedded' ? 1 : (flags.jobs ?? cores);
  let windows: Window[] = [];
  let stated = '';
  const told = await terminal.during('Looking up what to aggregate', (update) => {
    const choose = async () => {
      await tellState(db, terminal, { reads: ['log_raw'], writes: listOwn() });
      windows = await plan(db, { ...readDates(flags), minute, lookback, heal }, Date.now());
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
  const { events, rows, kept } = told;
  const [start, end] = [windows[0]?.start, windows.at(-1)?.end];
  const json = {
    ...{ start: start === undefined ? null : isoTime(start), end: end === undefined ? null : isoTime(end) },
    ...{ minute, events, ...rowsJson(rows), dry_run: dryRun },
    kept: kept.map(isoWindow),
    seconds: seconds(),
  };
  if (windows.length === 0) return { text: await explainNothing(db, Date.now()), json };
  const stay = kept.map((window) => `\n${describeWindow(window)} ${keeps}`);
  return {
    text:
      `${dryRun ? 'Would aggregate' : 'Aggregated'} ${describeCount(events, 'event')} of ${stated}, into ` +
      `${describeRows(rows)}, in ${seconds()} s.${stay.join('')}`,
    json,
  };
}

const keeps =
  'stays in the tables as it was: the log has no more events of it. To empty it, run zen aggregate --allow-empty.';

/** Tells what is to be known before some windows are aggregated. */
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
      `${describeWindow(other)} is aggregated with --minute ${other.minute}, this run with ${minute}: where they meet, ` +
        'an event may be counted twice, or not at all.',
    );
  if (users && !(await mayCountUsers(db)))
    terminal.note('Users are not counted: this role may not make or fill dash_users.');
}

const mostJobs = 4;

/** Tells why there is nothing to aggregate, and of a log that has begun today, how to do so all the same: up to the last whole minute. */
async function explainNothing(db: Database, now: number): Promise<string> {
  const today = { start: lastMidnight(now), end: now - (now % minuteMs) };
  const before = { start: firstYear, end: today.start };
  const [found] = await listEventful(db, [before]);
  if (found || (await listEventful(db, [today])).length === 0)
    return 'Nothing to aggregate: everything up to the last 00:00 UTC is aggregated already, or the log has no events before it.';
  return (
    'Nothing to aggregate: the log has only events since the last 00:00 UTC. To have them now, run ' +
    `zen aggregate --start-dt ${isoTime(today.start)} --end-dt ${isoTime(today.end)}.`
  );
}

/** The year 1, before which no event is looked for. */
const firstYear = -62_135_596_800_000;
