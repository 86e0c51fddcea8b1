import { dayMinutes } from '../time.ts';
import { setImmediate } from 'node:timers/promises';
import type { Session } from '../db/database.ts';
import { hasTable, widenNames } from '../db/tables.ts';
import { sql } from '../files.ts';
import { findCounting } from '../log/aggregates.ts';
import { overLog, windowOf } from '../log/log.ts';
import type { Minute } from '../log/log.ts';
import type { Window } from '../time.ts';
import type { CellUsers } from './lookback.ts';
import { countPairs, never } from './return-pairs.ts';
import type { DayReturns } from './count-returns.ts';

/** Tells whether this role may fill `dash_users`, or make it where it is not. */
export async function mayCountUsers(session: Session): Promise<boolean> {
  return (await session.query<{ may: boolean }>(sql('people/may')))[0]?.may === true;
}

/** Makes `dash_users` where it is not there and this role may; when asked, with room for long names. */
export async function createUsers(session: Session, wide: boolean): Promise<void> {
  if (!(await mayCountUsers(session))) return;
  if (!(await hasTable(session, 'dash_users'))) {
    await session.run(sql('people/table'));
    await session.run(sql('people/index'));
  }
  if (wide) await widenNames(session, 'dash_users');
}

/** The result of the statement that fills `dash_engagement` and gathers its users. */
export interface Gathered {
  /** The aggregates that are filled by it, with their rows. */
  filled: Record<string, number>;
  seen: CellUsers[];
}

/**
 * Fills a window of `dash_engagement`, and gives the users of the whole UTC days that it touches: what is counted of a minute
 * depends on what was before it on its day, and what follows depends on it. A project's own aggregate in its place is left to be
 * filled by its own statement.
 *
 * @param events how many these days have at most
 */
export async function gatherUsers(
  session: Session,
  { start, end }: Window,
  days: Window,
  minute: Minute,
  events: number,
): Promise<Gathered> {
  const { name, isOwn } = findCounting('users');
  if (isOwn) return { filled: {}, seen: await queryCellUsers(session, days, minute, events) };
  const seen = await session.query<CellUsers & { filled: number }>(overLog('people/engagement'), [
    ...windowOf(days, minute),
    ...[start, end, minutesAtOnce(events)],
  ]);
  return { filled: { [name]: seen[0]?.filled ?? 0 }, seen };
}

/**
 * Reads who was seen on the whole UTC days of a window. Ids are in memory, and nowhere else.
 *
 * @param events how many there are at most
 */
export function queryCellUsers(
  session: Session,
  window: Window,
  minute: Minute,
  events?: number,
): Promise<CellUsers[]> {
  return session.query(overLog('people/users'), [...windowOf(window, minute), minutesAtOnce(events)]);
}

/** Minutes whose users come in one text, of which there may be 537 million characters in Node: all, or few where there may be many. */
function minutesAtOnce(events = Infinity): number {
  return events <= 3_000_000 ? dayMinutes : 10;
}

/** Takes whole days out of `dash_users`, where it is. */
export async function clearUsers(session: Session, { start, end }: Window): Promise<void> {
  if (await hasTable(session, 'dash_users')) await session.run(sql('people/clear'), [start, end]);
}

/**
 * Shortens the reach of what was counted from a UTC midnight on, so that it does not go back beyond it.
 *
 * @param most days from there that may
 * @returns those that did, Unix milliseconds, and how far they reach now
 */
export async function shortenReach(
  session: Session,
  end: number,
  most: number,
): Promise<{ day: number; reach: number }[]> {
  if (!(await hasTable(session, 'dash_users'))) return [];
  return session.query(sql('people/shorten'), [end, most]);
}

/** The columns of `dash_users`, in the order in which a row is written. */
const userColumns = [
  ...['dt', 'reach', 'every_topic', 'item_topic', 'every_age', 'age_segment', 'event', 'or_event'],
  ...['minutes', 'previous', 'users'],
];

/** As COPY binary: of a busy day whose people are spread over it, 2 million pairs, 0.5 s instead of 1.2 s as text. */
export async function fillUsers(session: Session, returns: readonly DayReturns[]): Promise<void> {
  await session.copy('dash_users', userColumns, encodeReturns(returns), { binary: true });
}

/** Bytes that are sent at once, at least. */
const enough = 1 << 18;

async function* encodeReturns(returns: readonly DayReturns[]): AsyncGenerator<Buffer> {
  let rows: Buffer[] = [];
  let bytes = 0;
  for (const one of returns) {
    const row = encodeRow(one);
    rows.push(row);
    bytes += row.length;
    if (bytes < enough) continue;
    yield Buffer.concat(rows);
    [rows, bytes] = [[], 0];
    await setImmediate();
  }
  yield Buffer.concat(rows);
}

/** PostgreSQL counts microseconds from here on (src/include/datatype/timestamp.h). */
const epoch = Date.UTC(2000, 0, 1);
/** Of the types smallint and int (src/include/catalog/pg_type.dat). */
const [int2, int4] = [21, 23];

/** A row in the COPY binary format (PostgreSQL's documentation of COPY; src/backend/utils/adt/arrayfuncs.c, array_recv). */
function encodeRow({ pairs, day, reach, ...scope }: DayReturns): Buffer {
  const { minutes, previous, users } = countPairs(pairs);
  const dt = Buffer.alloc(8);
  dt.writeBigInt64BE(BigInt(day - epoch) * 1000n);
  const fields = [
    dt,
    Buffer.from([reach >> 8, reach]),
    encodeBoolean(scope.every_topic),
    encodeName(scope.item_topic),
    encodeBoolean(scope.every_age),
    encodeName(scope.age_segment),
    encodeName(scope.event),
    encodeName(scope.or_event),
    encodeArray(minutes, int2),
    encodeArray(previous, int2),
    encodeArray(users, int4),
  ];
  return Buffer.concat([
    Buffer.from([0, fields.length]),
    ...fields.flatMap((field) => [encodeLength(field), field ?? nullField]),
  ]);
}

const nullField = Buffer.alloc(0);

function encodeLength(field: Buffer | null): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(field?.length ?? -1);
  return length;
}

function encodeBoolean(value: boolean | null): Buffer | null {
  return value === null ? null : Buffer.from([Number(value)]);
}

function encodeName(name: string | null): Buffer | null {
  return name === null ? null : Buffer.from(name);
}

/** An array of whole numbers, `never` as NULL. */
function encodeArray(numbers: Int16Array | Int32Array, type: number): Buffer {
  const width = numbers.BYTES_PER_ELEMENT;
  const bytes = Buffer.alloc(20 + numbers.length * (4 + width));
  const isEmpty = numbers.length === 0;
  const head = [isEmpty ? 0 : 1, Number(numbers.includes(never)), type, numbers.length, 1];
  let at = 0;
  for (const one of isEmpty ? head.slice(0, 3) : head) at = bytes.writeInt32BE(one, at);
  for (const number of numbers) {
    at = bytes.writeInt32BE(number === never ? -1 : width, at);
    if (number !== never) at = bytes.writeIntBE(number, at, width);
  }
  return bytes.subarray(0, at);
}
