import { namesOf } from '../src/shared/data/payload.ts';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { between, favour, mulberry32, shuffle } from '../fixtures/random.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import { plan, slice } from '../src/aggregate/plan.ts';
import { prune } from '../src/aggregate/prune.ts';
import { queryStatus } from '../src/aggregate/status.ts';
import { main } from '../src/cli/main.ts';
import type { Database } from '../src/db/database.ts';
import { openDatabase } from '../src/db/open.ts';
import { openServer } from '../src/db/server.ts';
import { ZenError } from '../src/errors.ts';
import { readContent } from '../src/render/render.ts';
import type { Content } from '../src/render/render.ts';
import { openBackup } from '../src/restore/formats/detect.ts';
import { restore } from '../src/restore/restore.ts';
import { listPeople } from '../src/shared/people/funnel.ts';
import { eachCell } from '../src/shared/data/cells.ts';
import type { Cells } from '../src/shared/data/cells.ts';
import type { Payload } from '../src/shared/data/payload.ts';
import { tabulatePayload } from '../src/shared/data/table.ts';
import { everything } from '../src/shared/selection.ts';
import { dayMs, minuteMs, parseTime } from '../src/time.ts';
import type { Window } from '../src/time.ts';
import { known } from '../src/shared/known.ts';
import { Actor, settle } from './support/actor.ts';
import { cases, isAll } from './support/cases.ts';
import { newTarget, newUrl, temporaryFolder } from './support/databases.ts';
import { columns, dump, insertEvents, readEngagement, readVisits } from './support/log.ts';
import { countEngagement, countUsers, countVisits } from './support/oracle.ts';
import type { Sample } from './support/oracle.ts';
import { cellsOf, readPayload } from './support/payload.ts';
import { render, verify } from './support/page.ts';

const { ZEN_TEST_SEED, ZEN_TEST_ORDERS } = process.env;
const seed = Number(ZEN_TEST_SEED ?? 7);
/** Orders of three commands that are drawn. */
const drawn = Number(ZEN_TEST_ORDERS ?? cases(200, 10));
/** Of two, all orders are tried where it is said how many are drawn; else, before every other statement one in turn. */
const [tried, every] = isAll || ZEN_TEST_ORDERS !== undefined ? [6, 1] : [1, 2];

const days = [1, 2].map((date) => {
  const start = parseTime(`2026-11-0${date}`);
  return { start, end: start + dayMs };
});
const now = parseTime('2026-11-03 03:00');
const page = { locale: 'en' } as const;
const at = (time: string, user_id: number, item_topic: string, event = 'show'): Sample => ({
  ...{ ts: parseTime(`2026-11-0${time}`), user_id, event },
  ...{ item_topic, source_topic: 's', age_segment: '18-25' },
});

/** The log at first, of which the first day is aggregated; and the rows that each command brings. */
const base = [
  ...[at('1 10:01', 1, 'a'), at('1 10:03', 2, 'b', 'click'), at('1 10:05', 1, 'a')],
  ...[at('2 10:01', 2, 'a'), at('2 10:05', 3, 'b')],
];
const brought = {
  insert: [at('1 10:02', 7, 'b'), at('2 10:02', 7, 'b')],
  append: [at('1 10:03:30', 8, 'b', 'click'), at('2 10:04', 8, 'a')],
  // Another log of the same minutes: some of its events are others.
  replace: [at('1 10:01', 1, 'a'), at('1 10:05', 9, 'c'), at('2 10:03', 9, 'c'), at('2 10:05', 3, 'b')],
};
const everyEvent = [
  ...new Map([base, Object.values(brought)].flat(2).map((one) => [key(one), one])).values(),
];

/** Each state that the log can have, but for what is pruned. */
const states = [base, brought.replace].flatMap((log) =>
  [[], brought.insert].flatMap((more) => [[], brought.append].map((others) => [...log, ...more, ...others])),
);

const names = ['aggregate', 'prune', 'append', 'replace', 'insert', 'render'] as const;
type Name = (typeof names)[number];

let db: Database;
/** A database of its own for each command that is at work, so that each has its own connections. */
let sessions: Database[];
let files: Record<'append' | 'replace', string>;
/** The rows that the log may hold of an earlier order. */
const tables = ['log_raw', 'dash_visits', 'dash_engagement', 'dash_users', 'zen_runs'];

const commands: Record<Name, (on: Database) => Promise<unknown>> = {
  aggregate: (on) =>
    aggregate(on, async () => slice(on, await plan(on, { minute: 'floor', lookback: 9 * dayMs }, now)), {
      ...{ minute: 'floor', dryRun: false, jobs: 1, wait: 0, users: true },
    }),
  prune: (on) => prune(on, { raw: dayMs, dryRun: false, wait: 0 }, now),
  append: (on) => load(on, files.append, true),
  replace: (on) => load(on, files.replace, false),
  insert: (on) =>
    on.transaction(async (session) => {
      for (const event of brought.insert)
        await session.run(
          `insert into log_raw (${columns.join(', ')}) values ($1, $2, $3, $4, $5, $6)`,
          columns.map((column) => event[column]),
        );
    }),
  // All of it that asks the database; the page is made of that, and only where it is decoded.
  render: (on) => on.transaction((session) => readContent(session, page, now), { snapshot: 'read only' }),
};

async function load(on: Database, file: string, append: boolean): Promise<unknown> {
  const backup = await openBackup(file);
  try {
    return await restore(on, backup, { append });
  } finally {
    await backup.close();
  }
}

beforeAll(async () => {
  const url = newUrl();
  db = await openServer(url, { create: true });
  sessions = await Promise.all([1, 2, 3].map(() => openServer(url)));
  const folder = temporaryFolder();
  files = { append: join(folder, 'append.sql'), replace: join(folder, 'replace.sql') };
  for (const name of ['append', 'replace'] as const) writeFileSync(files[name], dump(brought[name]));
  await insertEvents(db, base);
  await db.run('create index log_raw_ts on log_raw (ts)');
  await aggregate(db, days.slice(0, 1), { minute: 'floor', dryRun: false, jobs: 1, wait: 0, users: true });
  for (const table of tables) await db.run(`create table public.${table}_before as select * from ${table}`);
});

afterAll(async () => {
  for (const one of [db, ...sessions]) await one.close();
});

function key(event: Sample): string {
  return JSON.stringify(columns.map((column) => event[column]));
}

interface Rows {
  visits: string[];
  engagement: string[];
}

async function readTables(): Promise<Rows> {
  return { visits: await readVisits(db), engagement: await readEngagement(db) };
}

/** Some commands at work, and what came of them. */
class Play {
  readonly actors: Actor[] = [];
  /** The places of those that have ended, in that order. */
  readonly #ended: number[] = [];
  /** The rows of the tables when the page's snapshot was taken. */
  #seen: Rows | undefined;
  readonly #cast: readonly Name[];

  readonly #isDecoded: boolean;

  private constructor(cast: readonly Name[], isDecoded: boolean) {
    this.#cast = cast;
    this.#isDecoded = isDecoded;
  }

  /**
   * From the first state on, each stops before its first statement.
   *
   * @param isDecoded the page is made, too, and read back
   */
  static async begin(cast: readonly Name[], isDecoded = false): Promise<Play> {
    await db.run(`truncate ${tables.join(', ')}`);
    for (const table of tables)
      await db.run(`insert into ${table} overriding system value select * from public.${table}_before`);
    return new Play(cast, isDecoded);
  }

  async enter(): Promise<Actor> {
    const number = this.actors.length;
    const [name, session] = [this.#cast[number], sessions[number]];
    if (!name || !session) throw new Error('There are no more of them.');
    const actor = new Actor(
      session,
      commands[name],
      async (place) => {
        // Its transaction begins, and its first statement takes the snapshot.
        if (name === 'render' && place === 2) this.#seen = await readTables();
      },
      () => this.#ended.push(number),
    );
    this.actors.push(actor);
    await settle(db, this.actors);
    return actor;
  }

  /** Lets one of them go on, by so many statements, or until it waits for another. */
  async advance(actor: Actor, statements = Infinity): Promise<void> {
    actor.release(statements);
    await settle(db, this.actors);
  }

  async finish(): Promise<void> {
    for (const actor of this.actors) await this.advance(actor);
    for (const actor of this.actors) while (!actor.isOver) await settle(db, this.actors);
  }

  /** Expects what must be so after any order. */
  async check(): Promise<void> {
    for (const { outcome } of this.actors)
      if (outcome?.status === 'rejected') {
        if (!(outcome.reason instanceof ZenError && outcome.reason.failure === 'locked'))
          throw outcome.reason;
      }
    const log = await readLog();
    const shown = eventsOf(await readTables());
    const status = await queryStatus(db, now);
    const pruned = await db.query<Window>(
      `select (extract(epoch from start_dt) * 1000)::bigint as start, (extract(epoch from end_dt) * 1000)::bigint as "end"
       from zen_runs where outcome = 'pruned'`,
    );
    const isIn = (windows: readonly Window[], time: number) =>
      windows.some(({ start, end }) => start <= time && time < end);
    for (const event of everyEvent) {
      const isKept = log.has(key(event)) || (isIn(pruned, event.ts ?? NaN) && shown.has(key(event)));
      if (this.#isThere(event)) expect([event, isKept]).toEqual([event, true]);
    }
    for (const event of everyEvent) {
      const [time, id] = [event.ts ?? NaN, key(event)];
      const isTold = isIn([...known(status.changed), ...status.late], time) || !isIn(status.coverage, time);
      const isGone = !log.has(id) && isIn(pruned, time);
      if (log.has(id) !== shown.has(id) && !isGone) expect([event, isTold]).toEqual([event, true]);
    }
    await this.#checkPages();
    if (known(status.changed).length > 0 || [...log].some((id) => !shown.has(id)))
      await this.#checkNext(pruned);
  }

  /** Tells whether an event came, and no restore has replaced it since. */
  #isThere(event: Sample): boolean {
    const from = (Object.keys(brought) as (keyof typeof brought)[]).filter((name) =>
      brought[name].some((one) => key(one) === key(event)),
    );
    const replaced = this.#done.indexOf('replace');
    const came = from.map((name) => this.#done.indexOf(name));
    return replaced === -1
      ? base.some((one) => key(one) === key(event)) || came.some((place) => place >= 0)
      : came.some((place) => place >= replaced);
  }

  /** Those that were not refused, in the order in which they ended. */
  get #done(): Name[] {
    return this.#ended
      .filter((number) => this.actors[number]?.outcome?.status === 'fulfilled')
      .flatMap((number) => this.#cast[number] ?? []);
  }

  async #checkPages(): Promise<void> {
    const outcome = this.actors[this.#cast.indexOf('render')]?.outcome;
    if (outcome?.status === 'fulfilled' && this.#seen) {
      const content = outcome.value as Content;
      checkPage({ ...content.payload, people: content.people }, this.#seen);
      if (this.#isDecoded) {
        const { html } = await render(db, page, now, undefined, content);
        expect((await verify(html)).differences).toEqual([]);
        checkPage(readPayload(html), this.#seen);
      }
    }
    const { payload, people } = await readContent(db, page, now);
    checkPage({ ...payload, people }, await readTables());
  }

  /** The next night aggregates all that is named, but for what was pruned. */
  async #checkNext(pruned: readonly Window[]): Promise<void> {
    await commands.aggregate(db);
    const [log, shown] = [await readLog(), eventsOf(await readTables())];
    const late = known((await queryStatus(db, now)).changed).filter(
      ({ start }) => !pruned.some((window) => window.start <= start && start < window.end),
    );
    expect(late).toEqual([]);
    for (const event of everyEvent) {
      const { ts } = event;
      if (pruned.some(({ start, end }) => ts !== null && start <= ts && ts < end)) continue;
      expect([event, shown.has(key(event))]).toEqual([event, log.has(key(event))]);
    }
  }
}

async function readLog(): Promise<Set<string>> {
  const events = await db.query<Sample>(`select ${columns.join(', ')} from log_raw`);
  expect(new Set(events.map(key)).size).toBe(events.length);
  return new Set(events.map(key));
}

/** The events that both tables are of: on each day, those of one state of the log. */
function eventsOf({ visits, engagement }: Rows): Set<string> {
  const minuteOf = (row: string) => (JSON.parse(row.slice(0, row.lastIndexOf(' '))) as [number])[0];
  return new Set(
    days.flatMap((day, number) => {
      const own = (rows: readonly string[]) =>
        rows.filter((row) => day.start <= minuteOf(row) && minuteOf(row) < day.end);
      const found = { visits: own(visits), engagement: own(engagement) };
      const state = [...states, ...(number === 1 ? [[]] : [])].find((log) => isOf(log, day, found));
      if (!state) throw new Error(`The tables hold no one state of the log: ${JSON.stringify(found)}`);
      return state.filter(({ ts }) => ts !== null && day.start <= ts && ts < day.end).map(key);
    }),
  );
}

function isOf(log: readonly Sample[], { start, end }: Window, { visits, engagement }: Rows): boolean {
  return (
    JSON.stringify(visits) === JSON.stringify(countVisits(log, 'floor', start, end)) &&
    JSON.stringify(engagement) === JSON.stringify(countEngagement(log, 'floor', start, end))
  );
}

/** Expects that a page holds just those rows, which are of one state; and people by definition, where it shows them. */
function checkPage(payload: Payload, rows: Rows): void {
  const list = (cells: Cells, codes: string[][], order: readonly number[]) =>
    [...eachCell(cells)]
      .flatMap((cell) =>
        Array.from(cell.minutes, (minute, row) => {
          const own = order.map((place) => codes[place]?.[cell.codes[place] ?? -1]);
          return `${JSON.stringify([payload.start + minute * minuteMs, ...own])} ${cell.values[row] ?? NaN}`;
        }),
      )
      .sort();
  const kinds = payload.events.map(({ event }) => event);
  expect({
    visits: list(
      cellsOf(payload, 'visits'),
      [namesOf(payload, 'item_topic'), namesOf(payload, 'age_segment'), namesOf(payload, 'source_topic')],
      [0, 2, 1],
    ),
    engagement: list(
      cellsOf(payload, 'engagement'),
      [namesOf(payload, 'item_topic'), namesOf(payload, 'age_segment'), kinds],
      [0, 2, 1],
    ),
  }).toEqual(rows);
  const shown = eventsOf(rows);
  if (!payload.people) return;
  const [found] = listPeople(tabulatePayload(payload), everything);
  const users = countUsers(everyEvent.filter((one) => shown.has(key(one)) && one.event === 'show'));
  expect({ ...found, isRight: found && found.low <= users && users <= found.high }).toMatchObject({
    event: 'show',
    isRight: true,
  });
}

/** The statements of a command that nobody disturbs; of those that come again, the first and the last. */
async function listPlaces(name: Name): Promise<number[]> {
  const play = await Play.begin([name], true);
  const { texts } = await play.enter();
  await play.finish();
  await play.check();
  return [...new Set(texts.flatMap((text) => [texts.indexOf(text), texts.lastIndexOf(text)]))];
}

describe('whatever the order, no event is lost, the tables and pages hold one state, and status names the rest:', () => {
  test.each(names)(
    `another command before ${every === 1 ? 'each' : 'every other'} statement of %s`,
    async (first) => {
      let orders = 0;
      const places = (await listPlaces(first)).filter((_, number) => number % every === 0);
      // Not the same events twice.
      const others = names.filter((name) => name !== first || !['insert', 'append'].includes(name));
      for (const [number, place] of places.entries()) {
        const from = (number * tried + seed) % others.length;
        for (const second of [...others, ...others].slice(from, from + Math.min(tried, others.length))) {
          const play = await Play.begin([first, second]);
          try {
            const one = await play.enter();
            await play.advance(one, place);
            // A command may take a statement less; the place has to be one of them.
            expect(one.isHeld).toBe(true);
            await play.advance(await play.enter());
            await play.finish();
            await play.check();
            orders++;
          } catch (error) {
            (error as Error).message =
              `${second} before statement ${place} of ${first}. ${(error as Error).message}`;
            throw error;
          }
        }
      }
      expect(orders).toBe(places.length * Math.min(tried, others.length));
    },
    300_000,
  );

  test(`three commands at once, in ${drawn} orders from seed ${seed} on`, async () => {
    for (let number = seed; number < seed + drawn; number++) {
      const random = mulberry32(number);
      const cast = favour(random, [
        ['aggregate', 'prune', 'insert'],
        ['aggregate', 'insert', 'render'],
        shuffle(random, [...names]).slice(0, 3),
      ] as Name[][]);
      const play = await Play.begin(cast, true);
      const steps: string[] = [];
      try {
        while (play.actors.length < cast.length) await play.enter();
        for (let held = play.actors; held.length > 0; held = play.actors.filter(({ isHeld }) => isHeld)) {
          const actor = favour(random, held);
          const most = favour(random, [1, 3, 10, 30]);
          const count = between(random, 1, most);
          steps.push(`${cast[play.actors.indexOf(actor)] ?? ''} ${count}`);
          await play.advance(actor, count);
        }
        await play.finish();
        await play.check();
      } catch (error) {
        const again = `ZEN_TEST_SEED=${number} ZEN_TEST_ORDERS=1`;
        throw new Error(`${again}: ${steps.join(', ')}. ${(error as Error).message}`, { cause: error });
      }
    }
    expect(drawn).toBeGreaterThan(0);
  }, 3_600_000);
});

describe('the embedded database is for one process at a time:', () => {
  test.each([
    ['aggregate', ['aggregate']],
    ['prune', ['prune', '--prune-raw', '30d', '--yes']],
    ['append', ['restore', 'append', '--append']],
    ['replace', ['restore', 'replace', '--yes']],
    ['render', ['render', '--out', 'page']],
    ['status', ['status']],
  ])('%s exits with 4, and changes nothing, while another one has it open; or waits', async (_, args) => {
    const target = newTarget('embedded');
    const open = await openDatabase(target);
    await insertEvents(open, base);
    await aggregate(open, days, { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
    const at = (word: string) => (word === 'append' || word === 'replace' ? files[word] : word);
    const page = join(temporaryFolder(), 'zen.html');
    const command = [
      ...args.map((word) => (word === 'page' ? page : at(word))),
      ...['--database', 'folder' in target ? target.folder : '', '--quiet'],
    ];
    const said: string[] = [];
    const spies = (['stderr', 'stdout'] as const).map((name) =>
      jest.spyOn(process[name], 'write').mockImplementation(((text: string, done?: () => void) => {
        said.push(text);
        done?.();
        return true;
      }) as typeof process.stdout.write),
    );
    try {
      expect(await main(command)).toBe(4);
      expect(said.join('')).toMatch(/Another zen \(process \d+ on .* has this database open\./);
      const log = await open.query<Sample>(`select ${columns.join(', ')} from log_raw`);
      expect(log.map(key).sort()).toEqual(base.map(key).sort());
      const waiting = main([...command, '--wait', '1m']);
      await open.close();
      expect(await waiting).toBe(0);
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  });
});
