import { queryStatus } from '../../aggregate/status.ts';
import type { Status } from '../../aggregate/status.ts';
import { ZenError } from '../../errors.ts';
import { describeDuration } from '../../time.ts';
import type { CommonOptions } from '../options.ts';
import { describeStatus, statusJson } from '../report.ts';
import { runCommand } from '../run.ts';
import { listOwn } from '../../ledger/state.ts';
import { tellState } from '../state.ts';

export interface StatusFlags extends CommonOptions {
  maxAge?: number;
  /** Compare all of the log with the tables. */
  deep?: boolean;
}

export async function runStatus(flags: StatusFlags): Promise<void> {
  await runCommand(flags, async (db, terminal) => {
    await tellState(db, terminal, { reads: ['log_raw', ...listOwn()] });
    const status = await queryStatus(db, Date.now(), flags.deep);
    const { maxAge } = flags;
    const old = maxAge === undefined ? [] : describeAge(status, maxAge);
    return {
      text: describeStatus(status, db.label),
      json: { database: db.label, ...statusJson(status), stale: old.length > 0 },
      failure: old.length > 0 ? new ZenError('stale', old.join(' ')) : undefined,
    };
  });
}

/** Names what is older than allowed: the end of the aggregated data, the last event, or both. */
function describeAge({ age, eventAge }: Status, maxAge: number): string[] {
  const allowed = `--max-age is ${describeDuration(maxAge)}`;
  const aggregated =
    age === null
      ? `Nothing is aggregated yet; ${allowed}. Run zen aggregate.`
      : `The end of what is aggregated is ${describeDuration(age)} ago; ${allowed}. Run zen aggregate.`;
  const event =
    eventAge === null
      ? `The log has no event yet; ${allowed}. Check whether its feed runs.`
      : `The last event is ${describeDuration(eventAge)} old; ${allowed}. Check whether the feed of the log has stopped.`;
  return [
    ...((age ?? Infinity) > maxAge ? [aggregated] : []),
    ...((eventAge ?? Infinity) > maxAge ? [event] : []),
  ];
}
