import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { inFull } from '../async/in-full.ts';
import { quoteName } from '../db/database.ts';
import type { Database, Session } from '../db/database.ts';
import { hasTable, isTooLong, tableIds, widenNames, widenIds } from '../db/tables.ts';
import { messageOf, ZenError } from '../errors.ts';
import { sql } from '../files.ts';
import { minuteMs } from '../time.ts';
import type { Window } from '../time.ts';
import { createHome, queryHome } from '../ledger/home.ts';
import { createLedger } from '../ledger/migrations.ts';
import { hasLedger, queryCovered, queryRestored, record } from '../ledger/ledger.ts';
import type { Aggregated } from '../ledger/ledger.ts';
import {
  defineTable,
  describeAggregate,
  findCounting,
  listAggregates,
  listColumns,
  listCompared,
  noRows,
  overEvents,
  rowsOf,
} from '../log/aggregates.ts';
import type { Aggregate, Columns } from '../log/aggregates.ts';
import { overLog, windowOf } from '../log/log.ts';
import type { Minute } from '../log/log.ts';
import { queryBehind } from '../ledger/uncounted.ts';
import { dayWindow, groupByDay, merge, subtract } from '../ledger/windows.ts';
import { withLock } from '../ledger/run-lock.ts';
import type { Lock } from '../ledger/run-lock.ts';
import { Semaphore } from '../async/semaphore.ts';
import { PeopleCounter } from '../people/counter.ts';
import type { Load, PlaceInRun } from '../people/counter.ts';
import { createUsers } from '../people/table.ts';
import type { Filled } from '../people/table.ts';
import { known, missing } from '../shared/known.ts';

export interface AggregateOptions {
  minute: Minute;
  /** Do the work, and undo it. */
  dryRun: boolean;
  /** The number of windows to work on at once, each over a connection of its own; by default as many as there are processors, up to four. */
  jobs?: number | undefined;
  /** Milliseconds to wait for another run to end. */
  wait: number;
  /** Empty minutes of the aggregates of which the log has nothing any more; else they are kept. */
  allowEmpty?: boolean | undefined;
  /**
   * Count users in `dash_users`, too, always or never; else where it is worth it (`PeopleCounter`). Where they are not counted, what that
   * table holds of the days is taken out.
   */
  users?: boolean | undefined;
  /** Make up days whose people are not counted, or not as far back as they could be. */
  catchUp?: boolean | undefined;
}

/** The windows that are done, and all of them. */
export interface RunProgress {
  done: number;
  of: number;
}

/** The outcome of a run. */
export interface RunResult extends Aggregated {
  /** Minutes that the aggregates still have, and the log no longer. */
  kept: Window[];
  /** Days whose people were made up, Unix milliseconds. */
  madeUp: number[];
}

/** Events whose users may be in memory at once, at some 100 bytes each. */
const memory = new Semaphore(4_000_000);

/** Milliseconds before the one retry. */
const pause = 2000;

/**
 * Fills the tables of all aggregates for some windows that do not overlap. Each is a transaction of its own, and a row
 * of the ledger: what the tables held for it is replaced, so that a second run changes nothing. Where the connection is lost
 * or the server gives up, what is not done yet is tried once more; so it is when a name is too long, in wider columns. The definitions are in docs/definitions.md.
 *
 * @param windows or how to choose them once the lock is held: until then, another run may change what there is to do
 * @returns the sums over the windows
 * @throws ZenError `locked` when another run is at work, `unreachable` when the server is lost twice
 */
export async function aggregate(
  db: Database,
  windows: readonly Window[] | (() => Promise<readonly Window[]>),
  options: AggregateOptions,
  onProgress: (progress: RunProgress) => void = () => undefined,
): Promise<RunResult> {
  const results = new Map<Window, Aggregated>();
  const people = new PeopleCounter(options.minute);
  let kept: Window[] = [];
  const madeUp = new Set<number>();
  let wide = false;
  let tables: Described[] = [];
  const attempt = async () => {
    if (!options.dryRun) await createHome(db); // which the lock is of
    await withLock(db, options.wait, async (lock) => {
      const prepare = (session: Session) => createTables(session, tables, options.users, wide);
      const join = async (session: Session, work: () => Promise<void>) => {
        await lock.join(session);
        await work();
      };
      const transact = (work: (session: Session) => Promise<void>) =>
        db.transaction((session) => join(session, () => work(session)), { snapshot: 'read write' });
      const chosen = typeof windows === 'function' ? await windows() : windows;
      tables = await describeAll(db);
      const names = [...tables.map(({ table }) => table), 'dash_users'];
      if (!options.dryRun) await db.transaction((session) => join(session, () => prepare(session)));
      if (!options.dryRun) await widenIds(db);
      const mayEmpty = await queryEmptying(db, options);
      for (let before = -1; before < kept.length;) {
        before = kept.length;
        const done = merge([...results.keys(), ...kept]);
        const left = chosen.flatMap((window) => subtract(window, done));
        const counted = await people.choose(db, left, options.users, options.dryRun ? undefined : transact);
        const groups = groupByDay(left);
        // Of windows that share a day each has to see what the one before it has written, and what comes after that day both.
        const alone = options.dryRun || groups.length < left.length;
        const of = results.size + left.length;
        let replaced = 0;
        await each(groups, alone ? 1 : chooseJobs(db, options), async (group) => {
          for (const window of group) {
            const counting = { people, place: people.enter(), load: counted.get(window) };
            const work = { tables, prepare, counting, mayEmpty };
            const told = await aggregateWindow(db, lock, window, options, work);
            if ('lost' in told) kept = merge([...kept, ...told.lost]);
            else results.set(window, told);
            onProgress({ done: results.size, of });
            if ('lost' in told || options.dryRun || !told.replaced || ++replaced * pieces < of) continue;
            replaced = 0;
            await vacuum(db, names);
          }
        });
        if (replaced > 0) await vacuum(db, names);
        else if (people.replaced) await vacuum(db, ['dash_users']);
        people.replaced = false;
      }
      if (options.dryRun) return;
      const behind = options.catchUp && options.users !== false ? await queryBehind(db) : [];
      const more = await people.finish(db, behind, transact);
      if (people.replaced) await vacuum(db, ['dash_users']);
      for (const { day } of behind) if (more.includes(day)) madeUp.add(dayWindow(day).start);
    });
  };
  try {
    await attempt();
  } catch (error) {
    wide = isTooLong(error);
    if (!wide && !(error instanceof ZenError && error.failure === 'unreachable')) throw error;
    if (!wide) await sleep(pause);
    await attempt();
  }
  return { ...addAggregated([...results.values()]), kept, madeUp: [...madeUp] };
}

const mostJobs = 4;

function chooseJobs({ kind }: Database, { jobs }: AggregateOptions): number {
  return kind === 'embedded' ? 1 : (jobs ?? Math.min(availableParallelism(), mostJobs));
}

/** Works on several items at once. After a failure, it begins no other. */
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
  await inFull(Array.from({ length: jobs }, worker));
}

function addAggregated(parts: readonly Aggregated[]): Aggregated {
  const rows = noRows();
  for (const one of listAggregates())
    rows[one.name] = sumNumbers(parts.map((part) => rowsOf(part.rows, one)));
  return { events: sumNumbers(parts.map(({ events }) => events)), rows };
}

function sumNumbers(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** An aggregate, with the columns that its statement makes of this log. */
type Described = Aggregate & Columns;

async function describeAll(session: Session): Promise<Described[]> {
  const all: Described[] = [];
  for (const one of listAggregates()) all.push({ ...one, ...(await describeAggregate(session, one)) });
  return all;
}

/** A window's place among those whose users are counted, and what its days have, if they are. */
interface CountingTask {
  people: PeopleCounter;
  place: PlaceInRun;
  load: Load | undefined;
}

/** The tables, people and permissions that a window is aggregated with. */
interface Work {
  tables: readonly Described[];
  prepare: (session: Session) => Promise<void>;
  counting: CountingTask;
  mayEmpty: MayEmpty;
}

async function aggregateWindow(
  db: Database,
  lock: Lock,
  window: Window,
  { minute, dryRun }: AggregateOptions,
  { prepare, ...rest }: Work,
): Promise<Replaced | Emptied> {
  const { people, place, load } = rest.counting;
  const started = performance.now();
  const covered = { ...window, minute };
  const work = async (session: Session) => {
    await lock.join(session);
    if (dryRun) await prepare(session);
    const told = await replaceWindow(session, window, minute, rest);
    if (await hasLedger(session)) await record(session, covered, performance.now() - started, told);
    return told;
  };
  const transact = () => db.transaction(work, { rollback: dryRun, snapshot: 'read write' });
  try {
    return await memory.use(load?.memory ?? 0, transact); // all by this way, so that they begin in their order
  } catch (error) {
    people.leave(place, window); // who waits for it may have the only connection
    if (error instanceof Emptied) return error;
    // The ledger says why, where it can; the error itself is what counts.
    if (!dryRun)
      await record(db, covered, performance.now() - started, { error: messageOf(error) }).catch(
        () => undefined,
      );
    throw error;
  } finally {
    people.leave(place);
  }
}

/** The parts of a run that replaces rows, after each of which the freed room is given back. A run needs that much more room meanwhile. */
const pieces = 10;

/**
 * Gives the room of replaced rows back, so that the next ones come to stand in it. Where this role may not, or somebody else is at it, the
 * server's autovacuum does so later.
 */
async function vacuum(db: Database, tables: readonly string[]): Promise<void> {
  for (const table of tables)
    if (await hasTable(db, table)) await db.run(`vacuum ${table}`).catch(() => undefined);
}

/** The outcome of a window, and whether rows were taken out for it. */
interface Replaced extends Aggregated {
  replaced: boolean;
}

/** Replaces one window of all aggregates, and the days that it touches of `dash_users`. */
async function replaceWindow(
  session: Session,
  { start, end }: Window,
  minute: Minute,
  { tables, counting: { people, place, load }, mayEmpty }: Omit<Work, 'prepare'>,
): Promise<Replaced> {
  const before = await queryMinutes(session, { start, end });
  await session.query(sql('log/hash'));
  const values = windowOf({ start, end }, minute);
  const [guard] = await session.query<{ found: boolean }>(sql('aggregate/guarded', { tables: tableIds() }));
  const held = new Set<string>();
  for (const { table } of tables) {
    // Write whole what triggers and rules may change.
    if (known(guard).found) await session.run(sql('aggregate/clear', { table }), [start, end]);
    else if ((await session.query(sql('aggregate/any', { table }), [start, end])).length > 0) held.add(table);
  }
  const counting = tables.find(({ name }) => name === findCounting('users').name) ?? missing();
  const filling = fillingText(counting, held.has(counting.table));
  const gathered = load && (await people.gather(session, { start, end }, load, place, filling));
  const rows: Aggregated['rows'] = {};
  let replaced = before.size > 0 && guard?.found === true;
  await people.count(session, { start, end }, gathered, place, async () => {
    for (const one of tables) {
      const isHeld = held.has(one.table);
      const filled = gathered?.filled[one.name] ?? (await fill(session, one, { start, end }, values, isHeld));
      rows[one.name] = filled.rows;
      replaced ||= filled.replaced;
      if (one.isOwn) await requireFewNames(session, one, { start, end });
    }
  });
  if (known(guard).found) for (const one of tables) await requireHeld(session, one, { start, end }, values);
  const after = await queryMinutes(session, { start, end });
  const lost = [...before.keys()].filter(
    (minute) => !after.has(minute) && !mayEmpty(minute, after, { start, end }),
  );
  if (lost.length > 0) throw new Emptied(lost);
  return { events: sumNumbers([...after.values()]), rows, replaced };
}

/** The most names that a dimension may have on a day: more would be ids, or free text. */
const mostNames = 10_000;

/** @throws ZenError `usage` for an aggregate of a project with a dimension of more names, before any row of it is kept */
async function requireFewNames(session: Session, one: Described, { start, end }: Window): Promise<void> {
  for (const dimension of one.dimensions) {
    const parts = { table: one.table, column: quoteName(dimension) };
    const [found] = await session.query<{ names: number }>(sql('aggregate/names', parts), [
      start,
      end,
      mostNames,
    ]);
    if (known(found).names > mostNames)
      throw new ZenError(
        'usage',
        `sql/aggregates/${one.name}.sql gives more than 10,000 values of ${dimension} on a day: they are ids or free text. Group them.`,
      );
  }
}

/** Fills a window of an aggregate; where it has rows there, only what differs is written. */
async function fill(
  session: Session,
  one: Described,
  { start, end }: Window,
  values: (number | string)[],
  isHeld: boolean,
): Promise<Filled> {
  const columns = listColumns(one);
  if (!isHeld) {
    const text = sql('aggregate/fill', { table: one.table, columns, made: madeText(one) });
    return { rows: await session.run(text, values), replaced: false };
  }
  const parts = { statement: one.statement, columns, filling: fillingText(one, isHeld) };
  const [told] = await session.query<{ rows: number; gone: number }>(overLog('aggregate/renew', parts), [
    ...values,
    ...[start, end],
  ]);
  const { rows, gone } = known(told);
  return { rows, replaced: gone > 0 };
}

/** The part of a statement that fills an aggregate with what is made. */
function fillingText(one: Described, isHeld: boolean): string {
  const [columns, compared] = [listColumns(one), listCompared(one)];
  return sql(isHeld ? 'aggregate/renewal' : 'aggregate/new', { table: one.table, columns, compared });
}

function madeText({ statement, ...columns }: Described): string {
  return overLog('aggregate/made', { statement, columns: listColumns(columns) });
}

/** The minutes of a window that have rows in the aggregate that counts the events, Unix milliseconds, and their events. */
async function queryMinutes(session: Session, { start, end }: Window): Promise<Map<number, number>> {
  const rows = await session.query<{ minute: number; events: number }>(overEvents('aggregate/minutes'), [
    ...[start, end],
  ]);
  return new Map(rows.map(({ minute, events }) => [minute, events]));
}

/** Thrown when a window is not aggregated because minutes with rows would lose them. */
class Emptied extends Error {
  readonly lost: Window[];

  constructor(minutes: readonly number[]) {
    super('Minutes of the aggregates would be emptied.');
    this.lost = merge(minutes.map((start) => ({ start, end: start + minuteMs })));
  }
}

/** Tells of a minute that now has no events whether it may lose its rows, when it is known which ones have some. */
type MayEmpty = (minute: number, filled: ReadonlyMap<number, unknown>, window: Window) => boolean;

/**
 * It may when that is asked for, and where a restore has replaced the log. And by another rule than it was aggregated with, its events
 * may be those of the minute before or after it.
 */
async function queryEmptying(session: Session, { minute, allowEmpty }: AggregateOptions): Promise<MayEmpty> {
  if (allowEmpty) return () => true;
  const restored = await queryRestored(session);
  const own = (await queryCovered(session)).filter((stretch) => stretch.minute === minute);
  const isIn = (stretches: readonly Window[], time: number) =>
    stretches.some(({ start, end }) => start <= time && time < end);
  // Beyond the edge of a window it is not known, and may well be.
  const isFilled = (time: number, filled: ReadonlyMap<number, unknown>, { start, end }: Window) =>
    time < start || time >= end || filled.has(time);
  return (time, filled, window) =>
    isIn(restored, time) ||
    (!isIn(own, time) &&
      [time - minuteMs, time + minuteMs].some((neighbour) => isFilled(neighbour, filled, window)));
}

/**
 * Checks that a table with triggers or rules holds just what was written into it. Its statement is run again, in the same snapshot.
 *
 * @throws ZenError `failed`, with how many rows differ
 */
async function requireHeld(
  session: Session,
  one: Described,
  { start, end }: Window,
  values: (number | string)[],
): Promise<void> {
  const made = madeText(one);
  const held = sql('aggregate/held', { table: one.table, columns: listColumns(one) });
  const difference = `((${made}) except all (${held})) union all ((${held}) except all (${made}))`;
  const [found] = await session.query<{ rows: number }>(
    `select count(*)::bigint as rows from (${difference}) as differences`,
    [...values, start, end],
  );
  const { rows } = known(found);
  if (rows === 0) return;
  const { table } = one;
  const why = `${rows} rows of ${table} differ from what zen wrote: a trigger or rule changes them`;
  throw new ZenError('failed', `${why}. Disable it: alter table ${table} disable trigger user.`);
}

/**
 * Makes the tables that are not there, and when asked room for long names. Where the role may not make the ledger, the run does
 * without one.
 */
async function createTables(
  session: Session,
  tables: readonly Described[],
  users = true,
  wide = false,
): Promise<void> {
  await createHome(session);
  for (const one of tables) {
    const { table } = one;
    if (!(await hasTable(session, table))) {
      await session.run(defineTable(one, one));
      await session.run(sql('aggregate/index', { table, index: `${table}_dt` }));
    }
    if (wide) await widenNames(session, table);
  }
  if (users) await createUsers(session, wide);
  if (!(await hasLedger(session)) && (await queryHome(session)).creates) await createLedger(session);
}
