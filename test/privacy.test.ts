import { namesOf } from '../src/shared/data/payload.ts';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from '../fixtures/generate.ts';
import { between, favour, mulberry32, shuffle } from '../fixtures/random.ts';
import type { Random } from '../fixtures/random.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Database } from '../src/db/database.ts';
import { useGroups } from '../src/log/named-groups.ts';
import { mergeSmall } from '../src/render/merge.ts';
import { queryPeople } from '../src/render/people.ts';
import { querySpan } from '../src/ledger/silence.ts';
import { queryPayload } from '../src/render/tables.ts';
import { eachCell } from '../src/shared/data/cells.ts';
import { tabulatePayload } from '../src/shared/data/table.ts';
import { known } from '../src/shared/known.ts';
import type { Payload } from '../src/shared/data/payload.ts';
import { People } from '../src/shared/people/bounds.ts';
import { listRetention } from '../src/shared/people/retention.ts';
import { dayMs, minuteMs, parseTime } from '../src/time.ts';
import { attacks } from './support/attacker.ts';
import { cases } from './support/cases.ts';
import { kinds, newDatabase, newUrl, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { countUsers } from './support/oracle.ts';
import type { Sample } from './support/oracle.ts';
import { cellsOf, readPayload } from './support/payload.ts';
import { call } from './support/zen.ts';
import { render } from './support/page.ts';

const day = parseTime('2019-09-24');
const other = { topic: 'other topics', age: 'all other ages' };

async function aggregateLog(db: Database, log: readonly Sample[], users = true): Promise<void> {
  await db.run('drop table if exists log_raw, dash_visits, dash_engagement, dash_users, zen_runs');
  await insertEvents(db, log);
  const window = { start: day - dayMs, end: day + 3 * dayMs };
  await aggregate(db, [window], { minute: 'floor', dryRun: false, jobs: 1, wait: 0, users });
}

async function renderLog(
  db: Database,
  log: readonly Sample[],
  minCell: number,
  users = true,
): Promise<Payload> {
  await aggregateLog(db, log, users);
  const { html, merged } = await render(db, { locale: 'en', minCell });
  const payload = readPayload(html);
  expect(merged).toBe(payload.merged?.groups ?? 0);
  return payload;
}

const same = (text: string) => text;
const nameOf = (name: string | null) => name || 'not set';

/** The card topic and the age under which a page has an event, as its reader would find them. */
function labelOf(page: Payload): (event: Sample) => [topic: string, age: string] {
  const cells = new Set(
    [...eachCell(cellsOf(page, 'visits')), ...eachCell(cellsOf(page, 'engagement'))].map(
      ({ codes: [topic = NaN, age = NaN] }) =>
        JSON.stringify([namesOf(page, 'item_topic')[topic], namesOf(page, 'age_segment')[age]]),
    ),
  );
  return ({ item_topic, age_segment }) => {
    const [topic, age] = [nameOf(item_topic), nameOf(age_segment)];
    const all = [topic, other.topic].flatMap((topic) =>
      [age, other.age].map((age): [string, string] => [topic, age]),
    );
    const found = all.find((label) => cells.has(JSON.stringify(label)));
    if (!found) throw new Error(`The page has no place for ${topic}, ${age}.`);
    return found;
  };
}

function groupBy<T>(events: readonly T[], keyOf: (event: T) => unknown): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const event of events) {
    const key = JSON.stringify(keyOf(event));
    groups.set(key, [...(groups.get(key) ?? []), event]);
  }
  return groups;
}

/** The people of each group of the page, by the log. */
function groupsOf(page: Payload, log: readonly Sample[]): Map<string, number> {
  const label = labelOf(page);
  const groups = groupBy(log, (event) => [...label(event), nameOf(event.event)]);
  return new Map([...groups].map(([key, events]) => [key, countUsers(events)]));
}

/** Sums of the page's values by minute and by whatever else a key names. */
function sumsOf(
  page: Payload,
  table: 'visits' | 'engagement',
  keyOf: (codes: number[]) => unknown,
): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { codes, minutes, values } of eachCell(cellsOf(page, table)))
    for (const [at, minute] of Array.from(minutes).entries()) {
      const key = JSON.stringify([minute, keyOf(codes)]);
      sums.set(key, (sums.get(key) ?? 0) + (values[at] ?? NaN));
    }
  return new Map([...sums].sort());
}

/** A hundredth of the demo's people, with all that they did. */
function quietLog(seed: number): Sample[] {
  const random = mulberry32(seed);
  const ids = shuffle(random, [...new Set(fixture.map(({ user_id }) => user_id))]);
  const chosen = new Set(ids.slice(0, Math.round(ids.length / 100)));
  return fixture.filter(({ user_id }) => chosen.has(user_id));
}

const fixture = generate();

/** People who come back over two days, some of several ages, some without an id. */
function randomLog(random: Random): Sample[] {
  const [topics, ages] = [
    ['Наука', 'Кино', null, 'other topics', 'История', 'Дети'],
    ['18-25', '26-30', '', 'all other ages', '45+'],
  ];
  const fickle = random() < 0.3;
  const people = between(random, 3, 60);
  return Array.from({ length: between(random, 20, 500) }, () => {
    const user = Math.floor(people * random() ** 2);
    return {
      ts: day + between(random, 0, 2 * 1440 - 1) * minuteMs + between(random, 0, 59_999),
      user_id: random() < 0.03 ? null : user,
      item_topic: favour(random, topics),
      source_topic: 'S',
      age_segment: (fickle ? favour(random, ages) : ages[user % ages.length]) ?? null,
      event: favour(random, ['show', 'show', 'show', 'click', 'view', null]),
    };
  });
}

describe.each(kinds)('on the %s database', (kind) => {
  let db: Database;
  beforeAll(async () => {
    db = await newDatabase(kind);
  });

  test('no group of a page has fewer people than asked for, unless no more did it at all; sums and people stay true', async () => {
    const random = mulberry32(230);
    let merged = 0;
    const rounds = cases(25);
    for (let round = 0; round < rounds; round++) {
      useGroups(round % 2 === 0 ? named : undefined);
      const log = randomLog(random);
      const least = between(random, 2, 12);
      await aggregateLog(db, log);
      const span = await querySpan(db);
      if (!span) throw new Error('Nothing is aggregated.');
      const exact = await queryPayload(db, span, [], { translate: same });
      exact.people = (await queryPeople(db, exact, same)).people;
      const page = mergeSmall(exact, least, same);
      merged += page.merged?.groups ?? 0;
      const all = new Map(
        [...groupBy(log, ({ event }) => nameOf(event))].map(([key, events]) => [key, countUsers(events)]),
      );
      for (const [group, people] of groupsOf(page, log)) {
        const event = JSON.stringify((JSON.parse(group) as string[])[2]);
        expect([group, people]).toEqual([group, Math.max(people, Math.min(least, all.get(event) ?? NaN))]);
      }
      const compare = (table: 'visits' | 'engagement', keyOf: (codes: number[]) => unknown) => {
        expect(sumsOf(page, table, keyOf)).toEqual(sumsOf(exact, table, keyOf));
      };
      compare('visits', ([, , source]) => source);
      compare('engagement', ([, , event]) => event);
      expectTruePeople(page, log);
      expectWholeGroups(page, log);
    }
    useGroups();
    expect(merged).toBeGreaterThan(4 * rounds);
  });

  test('the ages of a topic that hold a small group become one, with the smallest of the others', async () => {
    const seen = (count: number, topic: string, age: string, first: number) =>
      Array.from({ length: count }, (_, at) => show(first + at, topic, age));
    const log = [
      ...seen(12, 'A', '18-25', 0),
      ...seen(20, 'A', '26-30', 100),
      ...seen(3, 'A', '31-35', 200),
      ...seen(11, 'B', '18-25', 300),
      ...seen(10, 'B', '31-35', 400),
    ];
    const page = await renderLog(db, log, 10);
    expect([...groupsOf(page, log)].sort()).toEqual([
      ['["A","26-30","show"]', 20],
      ['["A","all other ages","show"]', 15],
      ['["B","18-25","show"]', 11],
      ['["B","31-35","show"]', 10],
    ]);
    expect(page.merged).toEqual({ least: 10, groups: 2 });
    expectTruePeople(page, log);
  });

  test('a topic that is small as a whole becomes one with the next smallest, which keeps no place of its own', async () => {
    const log = ['A', 'B', 'C'].flatMap((topic, at) =>
      Array.from({ length: [4, 12, 30][at] ?? NaN }, (_, user) => show(100 * at + user, topic, '45+')),
    );
    const page = await renderLog(db, log, 10);
    expect(namesOf(page, 'item_topic')).toEqual(['C', 'other topics']);
    expect([...groupsOf(page, log)].sort()).toEqual([
      ['["C","45+","show"]', 30],
      ['["other topics","45+","show"]', 16],
    ]);
  });

  test('a named group is told where nothing of it is merged, bounded where an age of it is, and left out where a topic is', async () => {
    useGroups({
      ...{ whole: ['A', 'B'], partly: ['A', 'C'], cut: ['A', 'D'] },
      ...{ young: ['18-25', '26-30'], old: ['31-35', '45+'] },
    });
    const people = (count: number, topic: string, age: string, first: number) =>
      Array.from({ length: count }, (_, at) => show(first + at, topic, age));
    const log = [
      ...[...people(20, 'A', '18-25', 0), ...people(20, 'B', '18-25', 10)],
      ...[...people(20, 'C', '18-25', 25), ...people(20, 'C', '26-30', 100)],
      ...[...people(12, 'C', '31-35', 200), ...people(3, 'C', '45+', 300)],
      ...[...people(3, 'D', '18-25', 0), ...people(14, 'E', '18-25', 400)],
    ];
    const page = await renderLog(db, log, 10);
    useGroups();
    expect(namesOf(page, 'item_topic')).toEqual(['C', 'A', 'B', 'other topics']);
    expect(namesOf(page, 'age_segment')).toEqual(['18-25', '26-30', 'all other ages']);
    expect(page.groups).toEqual([
      { field: 'item_topic', name: 'whole', names: ['A', 'B'] },
      { field: 'item_topic', name: 'partly', names: ['C', 'A'] },
      { field: 'age_segment', name: 'young', names: ['18-25', '26-30'] },
    ]);
    expect(page.people?.groups).toEqual({ topics: [[1, 2]], ages: [[0, 1]] });
    expectTruePeople(page, log);
    expectWholeGroups(page, log);
    const counter = new People(known(page.people), [page.start, page.end]);
    const period: [number, number] = [page.start, page.end];
    expect(counter.count(0, { topics: [2, 1], ages: null, period })).toEqual([{ low: 30, high: 30 }]);
    expect(counter.count(0, { topics: [2, 1], ages: [1, 0], period })).toEqual([{ low: 30, high: 30 }]);
    const [bounds] = counter.count(0, { topics: [0, 1], ages: null, period });
    expect(known(bounds).low).toBeLessThan(known(bounds).high);
  });

  test('in a group that is large enough, one who came back is told; what is merged has bounds', async () => {
    const log = [
      ...Array.from({ length: 12 }, (_, at) => show(at, 'A', '18-25')),
      ...Array.from({ length: 6 }, (_, at) => show(100 + at, 'B', '18-25')),
      ...Array.from({ length: 15 }, (_, at) => show(200 + at, 'C', '18-25')),
      ...Array.from({ length: 7 }, (_, at) => show(300 + at, 'D', '18-25')),
      ...[show(0, 'A', '18-25'), show(100, 'B', '18-25')].map((one) => ({ ...one, ts: day + dayMs })),
      ...[day, day + 2 * dayMs - minuteMs].map((ts, at) => ({ ...show(200 + 700 * at, 'C', '18-25'), ts })),
    ];
    const page = await renderLog(db, log, 10);
    expect(namesOf(page, 'item_topic')).toEqual(['C', 'A', 'other topics']);
    // On the second day there was one person of A again, one of B again, and a new one of C.
    const ask = (topic: string) => {
      const rows = listRetention(tabulatePayload(page), { period: null, names: { item_topic: [topic] } });
      return rows.map(({ days, low, high }) => ({ days, low, high }));
    };
    expect(ask('A')).toEqual([{ days: 1, low: 1, high: 1 }]);
    expect(ask('C')).toEqual([{ days: 1, low: 0, high: 0 }]);
    expect(ask('other topics')).toEqual([{ days: 1, low: 0, high: 3 }]);
  });

  test('a page without people is judged by the users of its busiest minute', async () => {
    const log = [
      ...Array.from({ length: 12 }, (_, at) => show(at, 'A', '18-25')),
      ...Array.from({ length: 12 }, (_, at) => ({
        ...show(100 + at, 'A', '26-30'),
        ts: day + at * minuteMs,
      })),
    ];
    expect(namesOf(await renderLog(db, log, 10), 'age_segment')).toEqual(['18-25', '26-30']);
    const page = await renderLog(db, log, 10, false);
    expect(page.people).toBeNull();
    expect(namesOf(page, 'age_segment')).toEqual(['all other ages']);
    expect([...groupsOf(page, log)]).toEqual([['["A","all other ages","show"]', 24]]);
  });
});

function show(user: number, topic: string, age: string): Sample {
  const names = { item_topic: topic, source_topic: 'S', age_segment: age, event: 'show' };
  return { ts: day + minuteMs, user_id: user, ...names };
}

/** Exactly, or within a fifth. */
function isNear(guess: number, truth: number): boolean {
  return Math.abs(guess - truth) <= truth / 5;
}

/** Of every label, and of all, the page's bounds hold the people that the log has. */
function expectTruePeople(page: Payload, log: readonly Sample[]): void {
  if (!page.people) throw new Error('The page does not count people.');
  const counter = new People(page.people, [page.start, page.end]);
  const label = labelOf(page);
  const period: [number, number] = [page.start, page.end];
  for (const [kind, { event }] of page.events.entries())
    for (const [topic, item] of [null, ...namesOf(page, 'item_topic')].entries())
      for (const [age, name] of [null, ...namesOf(page, 'age_segment')].entries()) {
        const events = log.filter((one) => {
          const [ownTopic, ownAge] = label(one);
          const isEvent = nameOf(one.event) === event;
          return isEvent && (item === null || ownTopic === item) && (name === null || ownAge === name);
        });
        const audience = {
          topics: item === null ? null : [topic - 1],
          ages: name === null ? null : [age - 1],
          period,
        };
        const [bounds = { low: 0, high: 0 }] = counter.count(kind, audience);
        const users = countUsers(events);
        expect({ item, name, event, ...bounds, users }).toEqual({
          ...{ item, name, event, users },
          ...{ low: Math.min(bounds.low, users), high: Math.max(bounds.high, users) },
        });
      }
}

const named = {
  some: ['Наука', 'Кино'],
  more: ['Кино', 'История', ''],
  most: ['Наука', 'Кино', 'История', ''],
  young: ['18-25', '26-30'],
};

/** Of a named group that is told, nothing is merged; of any that stands on the page, the bounds hold the people that the log has. */
function expectWholeGroups(page: Payload, log: readonly Sample[]): void {
  const [counter, label] = [new People(known(page.people), [page.start, page.end]), labelOf(page)];
  const own = { item_topic: 0, age_segment: 1 } as const;
  for (const { field, names } of page.groups ?? []) {
    const places = names.map((name) => namesOf(page, field).indexOf(name));
    const [topics, ages] = field === 'item_topic' ? [places, null] : [null, places];
    for (const [kind, { event }] of page.events.entries()) {
      const [bounds = { low: 0, high: 0 }] = counter.count(kind, {
        topics,
        ages,
        period: [page.start, page.end],
      });
      const users = countUsers(
        log.filter((one) => {
          return nameOf(one.event) === event && names.includes(label(one)[own[field as keyof typeof own]]);
        }),
      );
      expect({ names, event, users, ...bounds }).toEqual({
        ...{ names, event, users },
        ...{ low: Math.min(bounds.low, users), high: Math.max(bounds.high, users) },
      });
    }
  }
  const { topics = [], ages = [] } = known(page.people).groups ?? {};
  const told = (field: string, groups: number[][]) =>
    new Set(groups.flat().map((place) => namesOf(page, field)[place]));
  const [toldTopics, toldAges] = [told('item_topic', topics), told('age_segment', ages)];
  for (const one of log) {
    const [topic, age] = label(one);
    if (toldTopics.has(nameOf(one.item_topic)) || toldAges.has(nameOf(one.age_segment)))
      expect([topic, age]).toEqual([
        toldTopics.has(nameOf(one.item_topic)) ? nameOf(one.item_topic) : topic,
        nameOf(one.age_segment),
      ]);
  }
}

describe('somebody who has a page of few people', () => {
  test('recovers no merged group, neither exactly nor within a fifth more often than chance', async () => {
    const db = await newDatabase('embedded');
    const tried = new Map<string, { hits: number; chance: number[] }>();
    for (const seed of [1, 2, 3, 4, 5]) {
      const log = quietLog(seed);
      const page = await renderLog(db, log, 10);
      const groups = groupBy(log, ({ item_topic, age_segment, event }) => [item_topic, age_segment, event]);
      const secrets = [...groups]
        .map(([key, events]) => {
          const [topic, age, event] = JSON.parse(key) as [string, string, string];
          return { target: { topic, age, event }, people: countUsers(events) };
        })
        .filter(({ people }) => people < 10);
      expect(secrets.length).toBeGreaterThan(200);
      const random = mulberry32(seed);
      for (const [name, attack] of Object.entries(attacks(page))) {
        const guesses = secrets.map(({ target }) => attack(target));
        const { hits, chance } = tried.get(name) ?? { hits: 0, chance: Array.from({ length: 200 }, () => 0) };
        const count = (guesses: (number | null)[]) =>
          guesses.filter((guess, at) => guess !== null && isNear(guess, secrets[at]?.people ?? NaN)).length;
        tried.set(name, {
          hits: hits + count(guesses),
          chance: chance.map((before) => before + count(shuffle(random, guesses))),
        });
      }
    }
    for (const [name, { hits, chance }] of tried) {
      const mean = chance.reduce((sum, by) => sum + by, 0) / chance.length;
      const spread = Math.sqrt(chance.reduce((sum, by) => sum + (by - mean) ** 2, 0) / chance.length);
      expect({ name, hits: Math.max(hits, mean + 3 * spread) }).toEqual({ name, hits: mean + 3 * spread });
    }
  });

  test('is what an exact page does not keep from: the same attacks find single people there', async () => {
    const db = await newDatabase('embedded');
    const log = quietLog(1);
    const page = await renderLog(db, log, 1);
    const alone = [...groupsOf(page, log)].filter(([, people]) => people === 1);
    const least = known(attacks(page)['the least that is told of what is merged']);
    const found = alone.filter(([group]) => {
      const [topic, age, event] = JSON.parse(group) as [string, string, string];
      return least({ topic, age, event }) === 1;
    });
    expect(found.length).toBeGreaterThan(60);
    expect(found).toEqual(alone);
  });
});

test('zen render merges groups of fewer than ten people unless told otherwise, and says how many', async () => {
  const cwd = temporaryFolder();
  const rows = Array.from(
    { length: 24 },
    (_, user) => `${day + user},${user},c,A,d,S,${user < 2 ? '45+' : '18-25'},show`,
  );
  const header = 'ts,user_id,item_id,item_topic,source_id,source_topic,age_segment,event';
  writeFileSync(join(cwd, 'log.csv'), [header, ...rows].join('\n'));
  const env = { ZEN_DATABASE_URL: newUrl() };
  for (const args of [['restore', 'log.csv', '--create'], ['aggregate']])
    expect(await call(args, { cwd, env })).toMatchObject({ code: 0 });
  const draw = async (minCell: string) =>
    call(['render', '--json', '--min-cell', minCell, '--out', 'page.html'], { cwd, env });
  expect((await call(['render', '--help'], { cwd, env: { COLUMNS: '200' } })).stdout).toMatch(
    /--min-cell [^-]*default: 10/,
  );
  expect(JSON.parse((await draw('2')).stdout)).toMatchObject({ merged: 0 });
  const told = () => /объединены: (\d+\s\S+)/.exec(readFileSync(join(cwd, 'page.html'), 'utf8'))?.[1];
  expect(told()).toBeUndefined();
  const merged = await draw('10');
  expect(told()).toBe('2\u00a0группы');
  expect(JSON.parse(merged.stdout)).toMatchObject({ visits: 24, merged: 2 });
  expect(merged.stderr).toContain('2 groups (topic, age, event) merged');
  const exact = await draw('1');
  expect(JSON.parse(exact.stdout)).toMatchObject({ visits: 24, merged: 0 });
  expect(exact.stderr).not.toContain('merged');
});
