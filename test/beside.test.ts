import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Database, Session } from '../src/db/database.ts';
import { openServer } from '../src/db/server.ts';
import { newRole, openPair } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { until } from './support/until.ts';

/** One who reads over two connections, and another session. */
let db: Database;
let other: Database;

beforeEach(async () => {
  [db, other] = await openPair();
  await insertEvents(other, [event(1)]);
});

afterEach(async () => {
  await db.close();
  await other.close();
});

const event = (user_id: number) => ({
  ...{ ts: Date.UTC(2026, 10, 1), user_id, event: 'show' as const },
  ...{ item_topic: 'a', source_topic: 's', age_segment: '18-25' },
});

const read = <T>(work: (session: Session) => Promise<T>): Promise<T> =>
  db.transaction(work, { snapshot: 'read only', beside: true });

/** The processes that answer two questions asked at once. */
async function findProcesses(session: Session): Promise<number[]> {
  const own = () => session.query<{ pid: number }>('select pg_backend_pid() as pid');
  const found = await Promise.all([own(), own()]);
  return [...new Set(found.flat().map(({ pid }) => pid))];
}

const becomeTwo = (session: Session) => until(async () => (await findProcesses(session)).length === 2);

/** Counts the events in the log, twice at once. */
async function count(session: Session): Promise<number[]> {
  const own = () => session.query<{ events: number }>('select count(*)::int as events from log_raw');
  return (await Promise.all([own(), own()])).flat().map(({ events }) => events);
}

test('questions that meet are answered by two processes, from the state of the first question', async () => {
  const seen = await read(async (session) => {
    const first = await count(session);
    await insertEvents(other, [event(2)]);
    await becomeTwo(session);
    return [...first, ...(await count(session))];
  });
  expect(seen).toEqual([1, 1, 1, 1]);
  expect(await count(db)).toEqual([2, 2]);
});

test('both have room to gather in, which neither takes from another reader', async () => {
  const room = (session: Session) => session.query<{ work_mem: string }>('show work_mem');
  const usual = await room(other);
  const seen = await read(async (session) => {
    await becomeTwo(session);
    return (await Promise.all([room(session), room(session)])).flat();
  });
  expect(seen).toEqual([{ work_mem: '64MB' }, { work_mem: '64MB' }]);
  expect((await Promise.all([room(db), room(db)])).flat()).toEqual([...usual, ...usual]);
  await db.run("alter role current_user set work_mem = '80MB'");
  const own = await openServer(db.label);
  expect(await own.transaction(room, { snapshot: 'read only', beside: true })).toEqual([
    { work_mem: '80MB' },
  ]);
  await db.run('alter role current_user reset work_mem');
  await own.close();
});

test('questions that do not meet take one connection', async () => {
  await read(async (session) => {
    for (let times = 0; times < 3; times++) await session.query('select count(*) from log_raw');
  });
  const held = 'select count(*)::int as held from pg_stat_activity where datname = current_database()';
  expect(await other.query(held)).toEqual([{ held: 2 }]); // with the one that asks
});

test('the first answers what the second, which is gone, was asked', async () => {
  const seen = await read(async (session) => {
    const [{ pid } = { pid: 0 }] = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
    await becomeTwo(session);
    const second = (await findProcesses(session)).filter((one) => one !== pid);
    await other.query('select pg_terminate_backend($1)', second);
    return [await findProcesses(session), await count(session), pid];
  });
  expect(seen).toEqual([[seen[2]], [1, 1], seen[2]]);
  expect(await count(db)).toEqual([1, 1]);
});

test('a second that is lost when all is read takes nothing away', async () => {
  const seen = await read(async (session) => {
    const [{ pid } = { pid: 0 }] = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
    await becomeTwo(session);
    const found = await count(session);
    const second = (await findProcesses(session)).filter((one) => one !== pid);
    await other.query('select pg_terminate_backend($1)', second);
    return found;
  });
  expect(seen).toEqual([1, 1]);
});

test('nothing is asked of a state that is not read any more', async () => {
  const left = await read((session) => Promise.resolve(session));
  await expect(left.query('select 1')).rejects.toThrow('not read any more');
});

test('a wrong question fails as it does on one connection, and nothing is read on after the end', async () => {
  let asking: Promise<unknown> = Promise.resolve();
  const reading = read(async (session) => {
    await becomeTwo(session);
    asking = session.query('select count(*) from log_raw');
    await session.query('select nothing from log_raw');
  });
  await expect(reading).rejects.toThrow('column "nothing" does not exist');
  expect(await asking).toEqual([{ count: 1 }]);
  expect(await count(db)).toEqual([1, 1]);
});

test('who waits for the table alone does not make the two wait for each other', async () => {
  const seen = await read(async (session) => {
    await session.query('select from log_raw');
    await becomeTwo(session);
    const changing = other.run('alter table log_raw add column more int');
    const waiting =
      "select from pg_stat_activity where wait_event_type = 'Lock' and query like 'alter table%'";
    await until(async () => (await db.query(waiting)).length > 0);
    return { changing, found: await count(session) };
  });
  expect(seen.found).toEqual([1, 1]);
  await seen.changing;
});

test('one connection reads where the server shares no states', async () => {
  const role = newRole('sharing');
  await other.run(`create role ${role} login`);
  await other.run('grant select on log_raw to public');
  await other.run('revoke execute on function pg_export_snapshot() from public');
  const url = new URL(db.label);
  url.username = role;
  const own = await openServer(url.href);
  const seen = await own.transaction(
    async (session) => [await count(session), await findProcesses(session)],
    {
      ...{ snapshot: 'read only', beside: true },
    },
  );
  await own.close();
  expect(seen).toEqual([[1, 1], [expect.any(Number)]]);
});
