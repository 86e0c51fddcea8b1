import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, Session } from '../db/database.ts';
import { hasTable, isTooLong, widen, widenIds } from '../db/tables.ts';
import { messageOf, ZenError } from '../errors.ts';
import { sql } from '../files.ts';
import type { Window } from '../time.ts';
import { hasLedger, record } from '../ledger/ledger.ts';
import type { Aggregated, Minute } from '../ledger/ledger.ts';
import { groupByDay, wholeDays } from '../ledger/windows.ts';
import { withLock } from './lock.ts';
import type { Lock } from './lock.ts';
import { Budget } from './budget.ts';
import { Census } from './census.ts';
import type { Load, Place } from './census.ts';
import { gatherUsers, mayCountUsers, updateUsers } from './users.ts';

export interface AggregateOptions {
  minute: Minute;
  /** Do the work, and undo it. */
  dryRun: boolean;
  /** How many windows to work on at once, each over a connection of its own. */
  jobs: number;
  /** Milliseconds to wait for another run to end. */
  wait: number;
  /**
   * Count users in `dash_users`, too, always or never; else where it is worth it (`Census`). Where they are not counted, what that
   * table holds of the days is taken out.
   */
  users?: boolean | undefined;
}

/** How far a run has come. */
export interface Progress {
  done: number;
  of: number;
}

/** The aggregates; each has a folder of that name under `sql/aggregate`. */
const aggregates = ['visits', 'engagement'] as const;

/** Events whose users may be in memory at once, at some 100 bytes each. */
const memory = new Budget(4_000_000);

/** Milliseconds before the one retry. */
const pause = 2000;

/**
 * Fills `dash_visits` and `dash_engagement` for some windows that do not overlap. Each is a transaction of its own, and a row
 * of the ledger: what the tables held for it is replaced, so that a second run changes nothing. Where the connection is lost
 * or the server gives up, what is not done yet is tried once more; so it is when a name is too long, in wider columns. The definitions are in the README.
 *
 * @returns the sums over the windows
 * @throws ZenError `locked` when another run is at work, `unreachable` when the server is lost twice
 */
export async function aggregate(
  db: Database,
  windows: readonly Window[],
  options: AggregateOptions,
  onProgress: (progress: Progress) => void = () => undefined,
): Promise<Aggregated> {
  const results = new Map<Window, Aggregated>();
  const census = new Census(options.minute);
  let wide = false;
  const attempt = () =>
    withLock(db, options.wait, async (lock) => {
      const prepare = (session: Session) => createTables(session, options.users, wide);
      if (!options.dryRun) await prepare(db);
      if (!options.dryRun) await widenIds(db);
      const left = windows.filter((window) => !results.has(window));
      const join = async (session: Session, work: () => Promise<void>) => {
        await lock.join(session);
        await work();
      };
      if (!options.dryRun)
        await db.transaction((session) => join(session, () => census.shorten(session, left)));
      const counted = await census.choose(db, left, options.users);
      const groups = groupByDay(left);
      // Of windows that share a day each has to see what the one before it has written, and what comes after that day both.
      const alone = options.dryRun || groups.length < left.length;
      await each(groups, alone ? 1 : options.jobs, async (group) => {
        for (const window of group) {
          const counting = { census, place: census.enter(), load: counted.get(window) };
          results.set(window, await aggregateWindow(db, lock, window, options, prepare, counting));
          onProgress({ done: results.size, of: windows.length });
        }
      });
      if (options.dryRun) return;
      await census.finish((work) =>
        db.transaction((session) => join(session, () => work(session)), { snapshot: 'read write' }),
      );
    });
  try {
    await attempt();
  } catch (error) {
    wide = isTooLong(error);
    if (!wide && !(error instanceof ZenError && error.failure === 'unreachable')) throw error;
    if (!wide) await sleep(pause);
    await attempt();
  }
  return sum([...results.values()]);
}

/** Works on several items at once. After a failure no other one is begun. */
async function each<T>(items: readonly T[], jobs: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      await work(item).catch((error: unknown) => {
        queue.length = 0;
        throw error;
      });
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: jobs }, worker));
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}

function sum(parts: readonly Aggregated[]): Aggregated {
  const total = (name: keyof Aggregated) => parts.reduce((all, part) => all + part[name], 0);
  return {
    events: total('events'),
    visitsRows: total('visitsRows'),
    engagementRows: total('engagementRows'),
  };
}

/** A window's place among those whose users are counted, and what its days have, if they are. */
interface Counting {
  census: Census;
  place: Place;
  load: Load | undefined;
}

async function aggregateWindow(
  db: Database,
  lock: Lock,
  window: Window,
  { minute, dryRun }: AggregateOptions,
  prepare: (session: Session) => Promise<void>,
  counting: Counting,
): Promise<Aggregated> {
  const { census, place, load } = counting;
  const started = performance.now();
  const covered = { ...window, minute };
  const work = async (session: Session) => {
    await lock.join(session);
    if (dryRun) await prepare(session);
    const told = await replace(session, window, minute, counting);
    if (await hasLedger(session)) await record(session, covered, performance.now() - started, told);
    return told;
  };
  const transact = () => db.transaction(work, { rollback: dryRun, snapshot: 'read write' });
  try {
    return await memory.spend(load?.memory ?? 0, transact); // all by this way, so that they begin in their order
  } catch (error) {
    census.leave(place, window); // who waits for it may have the only connection
    // The ledger says why, where it can; the error itself is what counts.
    if (!dryRun)
      await record(db, covered, performance.now() - started, { error: messageOf(error) }).catch(
        () => undefined,
      );
    throw error;
  } finally {
    census.leave(place);
  }
}

/** Replaces one window of both tables, and the days that it touches of `dash_users`. */
async function replace(
  session: Session,
  { start, end }: Window,
  minute: Minute,
  { census, place, load }: Counting,
): Promise<Aggregated> {
  await session.query(sql('aggregate/hash'));
  const days = wholeDays({ start, end });
  const values = [start, end, minute];
  for (const name of aggregates) await session.run(sql(`aggregate/${name}/clear`), [start, end]);
  const gathered = load && (await gatherUsers(session, { start, end }, days, minute, load.events));
  if (gathered) await census.prepare(session, days, place);
  const engagementRows = gathered?.filled ?? (await session.run(sql('aggregate/engagement/fill'), values));
  const [visitsRows, returns] = await both(
    session.run(sql('aggregate/visits/fill'), values),
    gathered && census.count(session, gathered.seen, place),
  );
  await census.write(session, days, returns, place);
  const [count] = await session.query<{ events: number; guarded: boolean }>(sql('aggregate/visits/count'), [
    ...[start, end],
  ]);
  if (count?.guarded) for (const name of aggregates) await demandHeld(session, name, values);
  return { events: count?.events ?? 0, visitsRows, engagementRows };
}

/**
 * That a table with triggers or rules holds just what was written into it. Its statement is run again without its first line, the
 * INSERT, and in the same snapshot.
 *
 * @throws ZenError `failed`, with how many rows differ
 */
async function demandHeld(
  session: Session,
  name: (typeof aggregates)[number],
  values: (number | string)[],
): Promise<void> {
  const made = sql(`aggregate/${name}/fill`).replace(/^insert .*$/m, '');
  const held = sql(`aggregate/${name}/held`);
  const difference = `((${made}) except all (${held})) union all ((${held}) except all (${made}))`;
  const [found] = await session.query<{ rows: number }>(
    `select count(*)::bigint as rows from (${difference}) as differences`,
    values,
  );
  if (!found?.rows) return;
  const why = `${found.rows} rows of dash_${name} are not as they were written: a trigger or rule of it changes them`;
  throw new ZenError('failed', `${why}. Disable it: alter table dash_${name} disable trigger user.`);
}

/** Both results; of a failure, only once nothing is at work any more. */
async function both<One, Other>(
  one: Promise<One>,
  other: Promise<Other> | undefined,
): Promise<[One, Other | undefined]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}

/**
 * Makes the tables that are not there, and when asked room for long names. Where the role may not make the ledger, the run does
 * without one.
 */
async function createTables(session: Session, users = true, wide = false): Promise<void> {
  const may = await mayCountUsers(session);
  for (const name of users && may ? [...aggregates, 'users'] : aggregates) {
    if (!(await hasTable(session, `dash_${name}`))) {
      await session.run(sql(`aggregate/${name}/table`));
      await session.run(sql(`aggregate/${name}/index`));
    }
    if (wide) await widen(session, `dash_${name}`);
  }
  if (may && (await hasTable(session, 'dash_users'))) await updateUsers(session);
  if (!(await hasLedger(session)) && (await mayCreate(session))) await session.run(sql('ledger/table'));
}

async function mayCreate(session: Session): Promise<boolean> {
  const text = "select coalesce(has_schema_privilege(current_schema(), 'create'), false) as may";
  return (await session.query<{ may: boolean }>(text))[0]?.may === true;
}
