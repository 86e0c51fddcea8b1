import { namesOf } from '../../src/shared/data/payload.ts';
import { expect, jest } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { between, favour, mulberry32, shuffle } from '../../fixtures/random.ts';
import type { Random } from '../../fixtures/random.ts';
import { queryStatus } from '../../src/aggregate/status.ts';
import { aggregateIn } from '../../src/cli/commands/aggregate.ts';
import { pruneIn } from '../../src/cli/commands/prune.ts';
import { main } from '../../src/cli/main.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import type { Target } from '../../src/config.ts';
import type { Database } from '../../src/db/database.ts';
import { openDatabase } from '../../src/db/open.ts';
import { ZenError } from '../../src/errors.ts';
import type { Minute } from '../../src/log/log.ts';
import { useGroups } from '../../src/log/named-groups.ts';
import { openBackup } from '../../src/restore/formats/detect.ts';
import { restore } from '../../src/restore/restore.ts';
import { eachCell } from '../../src/shared/data/cells.ts';
import type { Cells } from '../../src/shared/data/cells.ts';
import type { Payload } from '../../src/shared/data/payload.ts';
import { tabulatePayload } from '../../src/shared/data/table.ts';
import { People } from '../../src/shared/people/bounds.ts';
import type { Bounds, PeopleQuery } from '../../src/shared/people/bounds.ts';
import type { Returns } from '../../src/shared/people/returns.ts';
import { listRetention } from '../../src/shared/people/retention.ts';
import { areSame } from '../../src/shared/selection.ts';
import { isoTime } from '../../src/time.ts';
import type { Window } from '../../src/time.ts';
import { newTarget, temporaryFolder } from './databases.ts';
import type { Kind } from './databases.ts';
import { columns, dump, insertEvents, readEngagement, readVisits } from './log.ts';
import { dayMs, dayOf, Model } from './model.ts';
import { countEngagement, countVisits } from './oracle.ts';
import type { Sample } from './oracle.ts';
import { cellsOf, readPayload } from './payload.ts';
import { begin, chooseEvents } from './sequence.ts';
import type { Step } from './sequence.ts';
import { stepwise } from './steps.ts';
import { where } from './timeline.ts';
import { render, verify } from './page.ts';

const minuteMs = 60_000;
const audiences = 12;

/** The groups that zen.json would name. A night is a command of its own, without any. */
const named = { two: ['Наука', "О'Нил"], 'with those not set': ['', 'Кино'], 'two ages': ['18-25', ''] };

type Of<Name extends Step['do']> = Extract<Step, { do: Name }>;
type Cut = NonNullable<Of<'aggregate'>['cut']>;

/** A row of the ledger. */
interface Row extends Window {
  id: number;
  minute: Minute;
  outcome: string;
  events: number | null;
  visits_rows: number | null;
  engagement_rows: number | null;
}

/** A database, the model of it, and the time that it is. */
export class World {
  readonly #target: Target;
  readonly #folder = temporaryFolder();
  #db: Database;
  #model = new Model();
  #now = begin;
  /** The last row of the ledger that has been looked at. */
  #seen = 0;
  /** Counts the questions for the people of a named group, and for those who came back. */
  readonly asked = { groups: 0, retention: 0 };

  private constructor(target: Target, db: Database) {
    this.#target = target;
    this.#db = db;
  }

  static async open(kind: Kind): Promise<World> {
    const target = newTarget(kind);
    return new World(target, await openDatabase(target, { create: true }));
  }

  close(): Promise<void> {
    useGroups();
    return this.#db.close();
  }

  /** Takes all of those steps from nothing, and looks at everything after each. */
  async run(steps: readonly Step[], onStep: (place: number) => void = () => undefined): Promise<void> {
    await this.#db.run('drop table if exists log_raw, dash_visits, dash_engagement, dash_users, zen_runs');
    [this.#model, this.#now, this.#seen] = [new Model(), begin, 0];
    writeFileSync(this.#page, 'no page yet');
    for (const [place, step] of steps.entries()) {
      onStep(place);
      const clock = jest.spyOn(Date, 'now').mockImplementation(() => this.#now);
      useGroups(named);
      try {
        await this.#perform(step);
        await this.#check();
      } finally {
        clock.mockRestore();
      }
    }
  }

  async #perform(step: Step): Promise<void> {
    switch (step.do) {
      case 'wait':
        this.#now += step.ms;
        return;
      case 'append':
        return this.#append(step);
      case 'restore':
        return this.#restore(step);
      case 'delete':
        return this.#delete(step);
      case 'drop':
        return this.#drop(step);
      case 'aggregate':
        return this.#aggregate(step);
      case 'prune':
        return this.#prune(step);
      case 'render':
        return this.#render(step);
      case 'nightly':
        return this.#nightly(step);
    }
  }

  async #append({ seed, days, events, cut }: Of<'append'>): Promise<void> {
    const more = chooseEvents(seed, this.#now, days, events);
    if (cut || seed % 4 === 0) return this.#load(more, cut, true);
    await insertEvents(this.#db, more);
    this.#model.log = [...this.#model.log, ...more];
  }

  /** A backup of what the log has now, or of some of it. */
  async #restore({ seed, share, cut }: Of<'restore'>): Promise<void> {
    const random = mulberry32(seed);
    const rows = this.#model.log.filter(() => random() < share);
    if (rows.length > 0) await this.#load(rows, cut, false);
  }

  async #load(rows: Sample[], cut: Cut | undefined, append: boolean): Promise<void> {
    const file = join(this.#folder, 'log.sql');
    writeFileSync(file, dump(rows));
    const hasLedger = await this.#has('zen_runs');
    const told = await this.#attempt(cut, async (db) => {
      const backup = await openBackup(file);
      try {
        return await restore(db, backup, { append });
      } finally {
        await backup.close();
      }
    });
    if (told) expect(told.rows).toBe(rows.length);
    const after = append ? [...this.#model.log, ...rows] : rows;
    // When it was cut short, all of it has happened, or nothing.
    const isSeen = async () =>
      hasLedger && !append
        ? (await this.#newRows(true)).length > 0
        : (await this.#readLog()).join() === list(after).join();
    const isDone = told !== undefined || (await isSeen());
    if (!isDone) return;
    if (append) this.#model.log = after;
    else this.#model.replace(after, hasLedger ? this.#databaseNow : undefined);
  }

  async #delete({ seed, days, share }: Of<'delete'>): Promise<void> {
    const random = mulberry32(seed);
    const day = dayOf(this.#now) - between(random, 0, days - 1) * dayMs;
    const gone = this.#model.log.filter(({ ts }) => ts !== null && dayOf(ts) === day && random() < share);
    const left = this.#model.log.filter((event) => !gone.includes(event));
    await this.#db.run('truncate log_raw');
    await insertEvents(this.#db, left);
    this.#model.log = left;
  }

  async #drop({ table }: Of<'drop'>): Promise<void> {
    await this.#db.run(`drop table if exists ${table}`);
    if (table === 'dash_visits') this.#model.visits = null;
    if (table === 'dash_engagement') this.#model.engagement = null;
    if (table === 'dash_users') this.#nobody();
    else this.#model.people.clear();
  }

  /** Nobody is counted any more. */
  #nobody(): void {
    for (const minute of this.#model.visits?.keys() ?? []) this.#model.people.set(dayOf(minute), false);
  }

  async #aggregate({ cut, ...step }: Of<'aggregate'>): Promise<void> {
    const { start: startDt, end: endDt, minute, lookback, users, jobs, dryRun } = step;
    const model = this.#model;
    const windows = model.plan(step, this.#now);
    const rows = (windows ?? []).flatMap(({ start, end }) => countVisits(model.log, minute, start, end));
    const cells = (windows ?? []).flatMap(({ start, end }) => countEngagement(model.log, minute, start, end));
    const expected = {
      events: sum(rows),
      visits_rows: rows.length,
      engagement_rows: cells.length,
      dry_run: dryRun,
    };
    const flags = clean({ startDt, endDt, minute, lookback, users, jobs, dryRun });
    const told = await this.#attempt(cut, (db) =>
      aggregateIn(db, this.#terminal, () => 0, flags).catch((error: unknown) => {
        if (!windows && error instanceof ZenError) return null;
        throw error;
      }),
    );
    expect([step, told === null]).toEqual([step, !windows && told !== undefined]);
    if (told) expect(told.json).toMatchObject(expected);
    const kept = this.#checkKept(told?.json, windows ?? [], minute);
    if (dryRun) return;
    if (told) model.makeTables();
    await this.#learn(windows ?? [], told !== undefined, minute, kept, users);
  }

  /** Minutes of which the log has nothing any more stay as they are, and are told. */
  #checkKept(json: object | undefined, windows: Window[], minute: Minute): Window[] {
    if (!json) return [];
    const { kept } = json as { kept: Record<'start' | 'end', string>[] };
    const told = kept.map(({ start, end }) => ({ start: Date.parse(start), end: Date.parse(end) }));
    const { must, may } = this.#model.empties(windows, minute);
    const isTold = (at: number) => told.some((window) => isIn(at, window));
    expect(must.filter((at) => !isTold(at))).toEqual([]);
    const minutes = told.flatMap(({ start, end }) =>
      Array.from({ length: (end - start) / minuteMs }, (_, place) => start + place * minuteMs),
    );
    expect(minutes.filter((at) => !must.includes(at) && !may.includes(at))).toEqual([]);
    return told;
  }

  /** Takes from the ledger which windows are done: each with its rows, or not at all. */
  async #learn(
    windows: Window[],
    isWhole: boolean,
    minute: Minute,
    kept: Window[],
    users?: boolean,
  ): Promise<void> {
    const model = this.#model;
    if (!isWhole) await this.#lookForTables();
    const done = (await this.#newRows(true)).filter(({ outcome }) => outcome === 'done');
    this.#seen = done.at(-1)?.id ?? this.#seen;
    const edges = [...windows, ...done, ...kept].flatMap(({ start, end }) => [start, end]);
    const times = (list: readonly Window[]) => (time: number) =>
      list.filter((window) => isIn(time, window)).length;
    const wanted = where(edges, (time) => times(windows)(time) > 0 && times(kept)(time) === 0);
    if (isWhole && kept.length > 0) expect(model.empties(done, minute).must).toEqual([]);
    for (const row of done) {
      expect(where(edges, (time) => times([row])(time) > times(wanted)(time))).toEqual([]);
      const [visits, engagement] = [
        countVisits(model.log, minute, row.start, row.end),
        countEngagement(model.log, minute, row.start, row.end),
      ];
      const { events, visits_rows, engagement_rows } = row;
      expect({ ...row, events, visits_rows, engagement_rows }).toEqual({
        ...row,
        ...{ minute, events: sum(visits), visits_rows: visits.length, engagement_rows: engagement.length },
      });
      model.aggregate(row, minute);
    }
    expect(where(edges, (time) => times(done)(time) > 1)).toEqual([]);
    if (isWhole) expect(where(edges, (time) => times(done)(time) > 0)).toEqual(wanted);
    if (isWhole) model.countPeople(wanted, minute, users);
    else model.people.clear();
  }

  async #lookForTables(): Promise<void> {
    if (await this.#has('dash_visits')) this.#model.visits ??= new Map();
    if (await this.#has('dash_engagement')) this.#model.engagement ??= new Map();
  }

  async #prune({ cut, raw, aggregates, dryRun }: Of<'prune'>): Promise<void> {
    if (raw === undefined && aggregates === undefined) return;
    const hasLedger = await this.#has('zen_runs');
    const after = this.#model.copy();
    const expected = after.prune({ raw, aggregates }, this.#now);
    const flags = clean({ pruneRaw: raw, pruneAggregates: aggregates, dryRun });
    const told = await this.#attempt(cut, (db) =>
      pruneIn(db, flags).catch((error: unknown) => {
        if (!hasLedger && error instanceof ZenError) return null;
        throw error;
      }),
    );
    expect(told === null).toBe(!hasLedger && told !== undefined);
    const kept = expected.kept.map(({ start, end }) => ({ start: isoTime(start), end: isoTime(end) }));
    if (told) expect(told.json).toEqual({ ...expected, kept, dry_run: dryRun });
    const isDone = told !== undefined || (await this.#newRows(true)).length > 0;
    if (isDone && !dryRun && hasLedger) this.#model = after;
  }

  async #render({ seed, ...asked }: Of<'render'>): Promise<void> {
    const model = this.#model;
    const span = model.span() ?? { start: dayOf(this.#now) - dayMs, end: dayOf(this.#now) };
    const period = { start: asked.start ?? span.start, end: asked.end ?? span.end };
    const isThere = model.visits !== null && model.engagement !== null && model.isWhole(period);
    const options = { ...clean({ start: asked.start, end: asked.end }), locale: 'en' } as const;
    const page = await render(this.#db, options, this.#now).catch((error: unknown) => {
      if (!isThere && error instanceof ZenError) return null;
      throw error;
    });
    expect(page === null).toBe(!isThere);
    if (!page) return;
    expect(page.period).toEqual(period);
    await this.#checkPage(page.html, period, seed);
  }

  async #nightly({ seed, raw, aggregates, ...step }: Of<'nightly'>): Promise<void> {
    const { minute, lookback, last, force } = step;
    const before = readFileSync(this.#page, 'utf8');
    const windows = this.#model.plan({ minute, lookback }, this.#now) ?? [];
    const { code, said, result } = await this.#zen([
      ...['nightly', '--out', this.#page, '--locale', 'en', '--min-cell', '1', '--minute', minute, '--json'],
      ...[
        '--heal',
        '0',
        '--lookback',
        `${lookback / 1000}s`,
        '--last',
        `${last / 1000}s`,
        ...(force ? ['--force'] : []),
      ],
      ...(raw === undefined ? [] : ['--prune-raw', `${raw / 1000}s`]),
      ...(aggregates === undefined ? [] : ['--prune-aggregates', `${aggregates / 1000}s`]),
    ]);
    expect([said, [0, 5].includes(code)]).toEqual([said, true]);
    if (result === '') throw new Error(said);
    const { published, aggregated } = JSON.parse(result) as { published: boolean; aggregated: object };
    expect(published).toBe(code === 0);
    const model = this.#model;
    model.makeTables();
    const kept = this.#checkKept(aggregated, windows, minute);
    await this.#learn(windows, true, minute, kept);
    const end = dayOf(this.#now);
    const from = Math.max(end - last, model.aggregated.stretches()[0]?.start ?? Infinity);
    const period = { start: from < end ? from : end - last, end };
    const isSound = model.changed(period).length === 0 && model.gaps(period).length === 0;
    if (!model.isWhole(period)) expect([said, published]).toEqual([said, false]);
    else if (!isSound) expect([said, published]).toEqual([said, force]);
    if (!published) {
      expect(readFileSync(this.#page, 'utf8')).toBe(before);
      return;
    }
    // The page is of before the tables were pruned.
    await this.#checkPage(readFileSync(this.#page, 'utf8'), period, seed, aggregates === undefined);
    if (raw !== undefined || aggregates !== undefined) model.prune({ raw, aggregates }, this.#now);
  }

  /** The embedded database runs in this process, by its clock. */
  get #databaseNow(): number {
    return this.#target.kind === 'embedded' ? this.#now : Infinity;
  }

  get #page(): string {
    return join(this.#folder, 'zen.html');
  }

  get #terminal(): Terminal {
    return new Terminal({ quiet: true });
  }

  /** The command line, as a person at this moment would run it. */
  async #zen(args: string[]): Promise<{ code: number; said: string; result: string }> {
    const isAlone = this.#target.kind === 'embedded';
    if (isAlone) await this.#db.close();
    const said = { stdout: '', stderr: '' };
    const listen = (name: 'stdout' | 'stderr') =>
      jest.spyOn(process[name], 'write').mockImplementation(((text: string, done?: () => void) => {
        said[name] += text;
        done?.();
        return true;
      }) as typeof process.stdout.write);
    const listeners = [listen('stdout'), listen('stderr')];
    const place = this.#target.kind === 'server' ? this.#target.url : this.#target.folder;
    const code = await main([...args, '--database', place]);
    for (const listener of listeners) listener.mockRestore();
    if (isAlone) this.#db = await openDatabase(this.#target);
    return { code, said: said.stderr, result: said.stdout };
  }

  /** The outcome of a command; undefined when it was cut short. */
  async #attempt<T>(cut: Cut | undefined, work: (db: Database) => Promise<T>): Promise<T | undefined> {
    if (!cut) return work(this.#db);
    const isServer = this.#target.kind === 'server';
    const db = isServer ? await openDatabase(this.#target) : this.#db;
    const isDead = isServer && cut.by === 'error'; // its process, which asks for nothing any more
    let [asked, wasCut] = [0, false];
    const end = async () => {
      wasCut = true;
      if (isServer && cut.by === 'server') await this.#endSessions();
      else throw new Error('This command was cut short.');
    };
    try {
      return await work(
        stepwise(db, async () => {
          asked++;
          if (asked === cut.at || (wasCut && isDead)) await end();
        }),
      );
    } catch (error) {
      if (!wasCut) throw error;
      return undefined;
    } finally {
      if (isServer) await db.close();
    }
  }

  /** As when the server's administrator ends all sessions of the database. */
  async #endSessions(): Promise<void> {
    const control = await openDatabase(this.#target);
    await control.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    await control.close();
    await this.#db.close();
    this.#db = await openDatabase(this.#target);
  }

  async #has(table: string): Promise<boolean> {
    const rows = await this.#db.query<{ is: boolean }>(`select to_regclass('${table}') is not null as is`);
    return rows[0]?.is === true;
  }

  async #newRows(peek = false): Promise<Row[]> {
    if (!(await this.#has('zen_runs'))) return [];
    const rows = await this.#db.query<Row>(
      `select run_id as id, (extract(epoch from start_dt) * 1000)::bigint as start,
         (extract(epoch from end_dt) * 1000)::bigint as "end", minute, outcome, events,
         (written ->> 'visits')::int as visits_rows, (written ->> 'engagement')::int as engagement_rows
       from zen_runs where run_id > $1 order by run_id`,
      [this.#seen],
    );
    if (!peek) this.#seen = rows.at(-1)?.id ?? this.#seen;
    return rows.filter(({ outcome }) => outcome !== 'failed');
  }

  async #readLog(): Promise<string[]> {
    if (!(await this.#has('log_raw'))) return [];
    return list(await this.#db.query<Sample>(`select ${columns.join(', ')} from log_raw`));
  }

  async #check(): Promise<void> {
    const model = this.#model;
    expect(await this.#readLog()).toEqual(list(model.log));
    const [visits, engagement] = [
      (await this.#has('dash_visits')) ? await readVisits(this.#db) : null,
      (await this.#has('dash_engagement')) ? await readEngagement(this.#db) : null,
    ];
    const rows = model.rows();
    expect({ visits, engagement }).toEqual({
      visits: model.visits && rows.visits,
      engagement: model.engagement && rows.engagement,
    });
    const told = (await this.#newRows()).map(({ outcome, start, end, events }) => ({
      ...{ outcome, window: { start, end }, events },
    }));
    expect(told).toEqual(model.told);
    model.told = [];
    if (await this.#has('log_raw')) await this.#checkStatus();
  }

  async #checkStatus(): Promise<void> {
    const model = this.#model;
    const status = await queryStatus(this.#db, this.#now);
    const { first, last, coverage, gaps, changed, late, uncounted, age } = status;
    const times = model.log.flatMap(({ ts }) => ts ?? []);
    const covered = model.aggregated.stretches();
    const [start, end] = [covered[0]?.start, covered.at(-1)?.end];
    expect({ first, last, coverage, gaps, changed, late, age }).toEqual({
      first: times.length > 0 ? Math.min(...times) : null,
      last: times.length > 0 ? Math.max(...times) : null,
      coverage: covered.map(({ value, ...window }) => ({ ...window, minute: value })),
      gaps: start === undefined || end === undefined ? [] : model.gaps({ start, end }),
      changed: model.changed(),
      late: model.late(),
      age: end === undefined ? null : this.#now - end,
    });
    const known =
      (await this.#has('dash_users')) && (await this.#db.query('select from dash_users limit 1')).length > 0;
    for (const day of new Set([...(model.visits?.keys() ?? [])].map(dayOf))) {
      const isCounted = model.isCounted(day);
      if (isCounted === undefined) continue;
      const isTold = uncounted.some((window) => window.start < day + dayMs && window.end > day);
      const isMissed = where([...model.aggregated.edges, ...model.pruned.edges, day, day + dayMs], (time) => {
        return dayOf(time) === day && model.aggregated.at(time) !== undefined && !model.pruned.at(time);
      });
      const expected = known && !isCounted && isMissed.length > 0;
      expect([isoTime(day), isTold]).toEqual([isoTime(day), expected]);
    }
  }

  async #checkPage(html: string, period: Window, seed: number, isNow = true): Promise<void> {
    const model = this.#model;
    const { differences } = await verify(html, isNow ? this.#db : undefined);
    expect(differences).toEqual([]);
    const payload = readPayload(html);
    expect([payload.start, payload.end]).toEqual([period.start, period.end]);
    const names = [
      namesOf(payload, 'item_topic'),
      namesOf(payload, 'age_segment'),
      namesOf(payload, 'source_topic'),
    ];
    const events = payload.events.map(({ event }) => event);
    const { visits, engagement } = model.rows(period);
    expect(readCells(payload, cellsOf(payload, 'visits'), names)).toEqual(expectCells(visits, [1, 3, 2]));
    expect(readCells(payload, cellsOf(payload, 'engagement'), [...names.slice(0, 2), events])).toEqual(
      expectCells(engagement, [1, 3, 2]),
    );
    expect(payload.gaps).toEqual(model.gaps(period));
    if (payload.people) this.#checkPeople(payload, seed);
    const days = new Set([...(model.visits?.keys() ?? [])].filter((at) => isIn(at, period)).map(dayOf));
    // Of a day that was aggregated in part, people may be known of whom no event is shown.
    const touched = model.rules
      .stretches()
      .flatMap((stretch) => listDays(stretch))
      .filter((day) => day < period.end && day + dayMs > period.start);
    const isKnown = days.size > 0 && [...days, ...touched].every((day) => model.isCounted(day) === true);
    if (isKnown) expect(payload.people).not.toBeNull();
    if ([...days].some((day) => model.isCounted(day) === false)) expect(payload.people).toBeNull();
  }

  /** The people of any stretch, by definition: the different users of the events that the page shows. */
  #checkPeople(payload: Payload, seed: number): void {
    const { people } = payload;
    if (!people) return;
    const random = mulberry32(seed);
    const counter = new People(people, [payload.start, payload.end]);
    const { groups = { topics: [], ages: [] } } = people;
    const isOne = (codes: number[] | null, named: number[][]) =>
      codes === null || codes.length === 1 || named.some((group) => areSame(group, codes));
    for (let number = 0; number < audiences; number++) {
      const step = (random() < 0.7 ? people.step : 1) * minuteMs;
      const audience = {
        topics: chooseCodes(random, namesOf(payload, 'item_topic'), groups.topics),
        ages: chooseCodes(random, namesOf(payload, 'age_segment'), groups.ages),
        period: choosePeriod(random, payload, step),
      };
      const isNamed = isOne(audience.topics, groups.topics) && isOne(audience.ages, groups.ages);
      const isExact = step === people.step * minuteMs && isNamed;
      if (isExact && [audience.topics, audience.ages].some((codes) => (codes?.length ?? 0) > 1))
        this.asked.groups++;
      const parts = cutParts(payload, people.reaches, audience.period);
      for (const [code, { event }] of payload.events.entries()) {
        const truth = (...kinds: string[]) =>
          parts.map((part) => this.#countPeople(payload, audience, part, kinds));
        const found = counter.count(code, audience);
        holds(found, truth(event), isExact, { audience, event });
        if (event !== 'click' && event !== 'view') continue;
        const both = counter.convert(0, code, event, audience);
        holds(both, truth('show', event), isExact, { audience, event, both });
      }
      const wide: PeopleQuery =
        number % 2 === 0 ? { ...audience, period: [payload.start, payload.end] } : audience;
      this.#checkRetention(payload, people, wide, isNamed);
    }
  }

  /** Checks who came back, by definition: of those who were shown a card on a whole day, those who were on the days after it, too. */
  #checkRetention(payload: Payload, people: Returns, audience: PeopleQuery, isExact: boolean): void {
    const { topics, ages } = audience;
    const period: [number, number] = [Math.max(payload.start, dayOf(audience.period[0])), audience.period[1]];
    const nameAll = (field: string, codes: readonly number[] | null) =>
      codes?.map((code) => namesOf(payload, field)[code] ?? '') ?? null;
    const names = { item_topic: nameAll('item_topic', topics), age_segment: nameAll('age_segment', ages) };
    const seen = (start: number, days: number) =>
      this.#listPeople(payload, audience, { start, end: start + days * dayMs }, 'show');
    const truth: [days: number, people: number, back: number][] = [];
    for (let days = 1; days <= 6; days++) {
      let [all, back] = [0, 0];
      for (let day = Math.ceil(period[0] / dayMs) * dayMs; day + dayMs <= period[1]; day += dayMs) {
        const stretch: [number, number] = [day, day + (days + 1) * dayMs];
        if (stretch[1] > payload.end) continue;
        const parts = [[day, day + dayMs], [day + dayMs, stretch[1]], stretch] as [number, number][];
        if (parts.some((part) => cutParts(payload, people.reaches, part).length > 1)) continue;
        const [own, after] = [seen(day, 1), seen(day + dayMs, days)];
        all += own.length;
        back += own.filter((user) => after.includes(user)).length;
      }
      if (all > 0) truth.push([days, all, back]);
    }
    const found = listRetention(tabulatePayload(payload), { period, names });
    this.asked.retention += truth.length;
    const low = found.map((row) => [row.days, row.people_low, row.low]);
    const high = found.map((row) => [row.days, row.people_high, row.high]);
    if (isExact) expect({ audience, low, high }).toEqual({ audience, low: truth, high: truth });
    else
      for (const [at, row] of truth.entries()) {
        const [least, most] = [low[at] ?? [], high[at] ?? []];
        const isRight = row.map(
          (value, place) => (least[place] ?? NaN) <= value && value <= (most[place] ?? NaN),
        );
        expect({ audience, row, least, most, isRight }).toMatchObject({ isRight: [true, true, true] });
      }
  }

  /** Counts the users who did all of some kinds of event. */
  #countPeople(payload: Payload, audience: PeopleQuery, part: Window, kinds: string[]): number {
    const [first = [], ...others] = kinds.map((kind) => this.#listPeople(payload, audience, part, kind));
    return first.filter((user) => others.every((some) => some.includes(user))).length;
  }

  #listPeople(payload: Payload, { topics, ages }: PeopleQuery, part: Window, kind: string): number[] {
    const isOne = (codes: number[] | null, names: string[], name: string | null) =>
      codes === null || codes.some((code) => names[code] === notSet(name));
    const seen = [...(this.#model.engagement ?? [])]
      .filter(([minute]) => isIn(minute, part) && isIn(minute, payload))
      .flatMap(([, { events }]) => events)
      .filter(
        ({ item_topic, age_segment }) =>
          isOne(topics, namesOf(payload, 'item_topic'), item_topic) &&
          isOne(ages, namesOf(payload, 'age_segment'), age_segment),
      );
    const own = seen.filter(({ event }) => notSet(event) === kind);
    return [...new Set(own.flatMap(({ user_id }) => user_id ?? []))];
  }
}

const listDays = ({ start, end }: Window) =>
  Array.from({ length: (dayOf(end - 1) - dayOf(start)) / dayMs + 1 }, (_, day) => dayOf(start) + day * dayMs);
const notSet = (name: string | null | undefined) => name || 'not set';
const isIn = (time: number, { start, end }: Window) => time >= start && time < end;
const sum = (rows: readonly string[]) => rows.reduce((all, row) => all + Number(row.split(' ').at(-1)), 0);
const list = (events: readonly Sample[]) =>
  events.map((event) => JSON.stringify(columns.map((column) => event[column]))).sort();

/** Without what is undefined, as commander leaves options out. */
function clean<T extends object>(flags: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) as never;
}

/** Each minute, its names and value. */
function readCells(payload: Payload, cells: Cells, names: string[][]): string[] {
  const base = payload.start - (payload.start % minuteMs);
  return [...eachCell(cells)]
    .flatMap(({ codes, minutes, values }) =>
      Array.from(minutes, (minute, row) => {
        const own = codes.map((code, dimension) => names[dimension]?.[code]);
        return `${JSON.stringify([base + minute * minuteMs, ...own])} ${values[row] ?? NaN}`;
      }),
    )
    .sort();
}

/** The same of the oracle's rows, whose names stand at these places. */
function expectCells(rows: readonly string[], order: number[]): string[] {
  const cells = new Map<string, number>();
  for (const row of rows) {
    const split = row.lastIndexOf(' ');
    const [minute, ...own] = JSON.parse(row.slice(0, split)) as [number, ...(string | null)[]];
    const key = JSON.stringify([minute, ...order.map((place) => notSet(own[place - 1]))]);
    cells.set(key, (cells.get(key) ?? 0) + Number(row.slice(split)));
  }
  return [...cells].map(([key, value]) => `${key} ${value}`).sort();
}

function chooseCodes(random: Random, names: string[], groups: readonly number[][]): number[] | null {
  if (random() < 0.4 || names.length === 0) return null;
  if (random() < 0.5 && groups.length > 0) return shuffle(random, favour(random, groups));
  const count = random() < 0.6 ? 1 : between(random, 1, names.length);
  return shuffle(random, [...names.keys()]).slice(0, count);
}

function choosePeriod(random: Random, { start, end }: Window, step: number): [number, number] {
  const edge = () => {
    const time = Math.round(between(random, start, end) / step) * step;
    return random() < 0.2 ? (random() < 0.5 ? start : end) : Math.max(start, Math.min(end, time));
  };
  const [one, other] = [edge(), edge()];
  return [Math.min(one, other), Math.max(one, other)];
}

/** Where nobody can be told from before, another part begins: at a midnight from which its days do not reach back to the part's start. */
function cutParts(
  { start: first }: Payload,
  reaches: readonly number[],
  [start, end]: [number, number],
): Window[] {
  const starts = start < end ? [start] : [];
  for (let midnight = dayOf(start) + dayMs; midnight < end; midnight += dayMs) {
    const reach = reaches[(midnight - dayOf(first)) / dayMs] ?? NaN;
    if (midnight - reach * dayMs > (starts.at(-1) ?? NaN)) starts.push(midnight);
  }
  return starts.map((from, part) => ({ start: from, end: starts[part + 1] ?? end }));
}

function holds(found: readonly Bounds[], truth: readonly number[], isExact: boolean, asked: object): void {
  const isRight =
    found.length === truth.length &&
    found.every(({ low, high }, part) => {
      const users = truth[part] ?? NaN;
      return isExact ? low === users && high === users : low <= users && users <= high;
    });
  expect({ asked, found, truth, isRight }).toEqual({ asked, found, truth, isRight: true });
}
