import { aggregate } from '../../aggregate/aggregate.ts';
import { explainNothing, listNotes } from '../../aggregate/notes.ts';
import { plan, slice } from '../../aggregate/plan.ts';
import type { Database } from '../../db/database.ts';
import type { Minute } from '../../log/log.ts';
import { describeWindow, isoTime } from '../../time.ts';
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
  await runCommand({ ...flags, writes: true }, (db, terminal, seconds) =>
    aggregateIn(db, terminal, seconds, flags),
  );
}

export async function aggregateIn(
  db: Database,
  terminal: Terminal,
  seconds: () => number,
  flags: AggregateFlags,
): Promise<Report> {
  const { minute, lookback, heal, wait = 0, jobs, users, allowEmpty } = flags;
  const dryRun = flags.dryRun === true;
  const dates = readDates(flags);
  const catchUp = dates.start === undefined;
  let windows: Window[] = [];
  let stated = '';
  const told = await terminal.during('Looking up what to aggregate', (update) => {
    const choose = async () => {
      await tellState(db, terminal, { reads: ['log_raw'], writes: listOwn() });
      windows = await plan(db, { ...dates, minute, lookback, heal }, Date.now());
      stated = windows.map(describeWindow).join('; ');
      for (const note of await listNotes(db, windows, flags)) terminal.note(note);
      if (windows.length > 0) update(`Aggregating ${stated}`, true);
      return slice(db, windows);
    };
    const options = { minute, dryRun, wait, jobs, users, allowEmpty, catchUp };
    return aggregate(db, choose, options, ({ done, of }) => {
      if (of > 1)
        update(`Aggregating ${stated}: ${describeShare(done / of, seconds())} (${done} of ${of} days)`);
    });
  });
  const { events, rows, kept, madeUp } = told;
  const [start, end] = [windows[0]?.start, windows.at(-1)?.end];
  const json = {
    ...{ start: start === undefined ? null : isoTime(start), end: end === undefined ? null : isoTime(end) },
    ...{ minute, events, ...rowsJson(rows), dry_run: dryRun },
    kept: kept.map(isoWindow),
    made_up: madeUp.map((day) => isoTime(day).slice(0, 10)),
    seconds: seconds(),
  };
  const counted =
    madeUp.length > 0
      ? `\nMade up the people of ${describeCount(madeUp.length, 'day')} aggregated before.`
      : '';
  if (windows.length === 0) return { text: (await explainNothing(db, Date.now())) + counted, json };
  const stay = kept.map((window) => `\n${describeWindow(window)} ${keeps}`);
  return {
    text:
      `${dryRun ? 'Would aggregate' : 'Aggregated'} ${describeCount(events, 'event')} of ${stated}, into ` +
      `${describeRows(rows)}, in ${seconds()} s.${counted}${stay.join('')}`,
    json,
  };
}

const keeps =
  'stays in the tables as it was: the log has no more events of it. To empty it, run zen aggregate --allow-empty.';
