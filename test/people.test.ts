import { namesOf } from '../src/shared/data/payload.ts';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { between, favour, mulberry32, shuffle } from '../fixtures/random.ts';
import type { Random } from '../fixtures/random.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Database } from '../src/db/database.ts';
import { useGroups } from '../src/log/named-groups.ts';
import { lengthen, queryPeople } from '../src/render/people.ts';
import { queryPayload } from '../src/render/tables.ts';
import { decode, encode } from '../src/shared/data/payload.ts';
import type { Payload } from '../src/shared/data/payload.ts';
import { People } from '../src/shared/people/bounds.ts';
import type { PeopleQuery, Bounds } from '../src/shared/people/bounds.ts';
import { dayMs, minuteMs, nextMidnight, parseTime } from '../src/time.ts';
import { cases } from './support/cases.ts';
import { kinds, newDatabase, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { countUsers, minuteOf } from './support/oracle.ts';
import type { Sample } from './support/oracle.ts';
import { openBrowser } from './support/browser.ts';
import { cellsOf, readPayload } from './support/payload.ts';
import { render } from './support/page.ts';

const midnight = parseTime('2019-09-25');
const topics = ['Наука', 'Кино', null, '', "О'Нил"];
const ages = ['18-25', '26-30', null, ''];
const events = ['show', 'show', 'click', 'view', 'show', null, ''];
const notSet = (name: string | null) => name || 'not set';

/** Makes an event within three hours of one of so many midnights; everyone of one age, unless they may change it. */
function randomEvent(random: Random, fickle: boolean, days = 0): Sample {
  const user = between(random, 1, 40);
  return {
    ts:
      midnight +
      between(random, 0, days) * dayMs +
      between(random, -90, 90) * minuteMs +
      between(random, 0, 59_999),
    user_id: random() < 0.05 ? null : user,
    item_topic: favour(random, topics),
    source_topic: 'Дети',
    age_segment: fickle ? favour(random, ages) : (ages[user % 4] ?? null),
    event: favour(random, events),
  };
}

/** Groups, one of which has a name that no log has; and one that is of all ages. */
const named = {
  science: ['Наука', '', 'Нет'],
  three: ['Кино', "О'Нил", 'Наука'],
  young: ['18-25', '26-30'],
  aged: ['18-25', '26-30', ''],
  some: ['26-30', ''],
};

async function readPeople(db: Database, log: readonly Sample[]): Promise<Payload> {
  await db.run('drop table if exists log_raw, dash_visits, dash_engagement, dash_users, zen_runs');
  await insertEvents(db, log);
  const whole = { start: midnight - dayMs, end: midnight + 12 * dayMs };
  await aggregate(db, [whole], { minute: 'floor', dryRun: false, jobs: 1, wait: 0, users: true });
  const minutes = log.map(({ ts }) => minuteOf(ts, 'floor') ?? 0);
  const period = { start: Math.min(...minutes), end: Math.max(...minutes) + minuteMs };
  const payload = await queryPayload(db, period, [], { translate: (text) => text });
  const { people, stale } = await queryPeople(db, payload, (text) => text);
  expect(stale).toEqual([]);
  return { ...payload, people };
}

/** Any names, those of a group, or all, and whole steps of the period, or its ends. */
function randomAudience(random: Random, payload: Payload, step: number): PeopleQuery {
  const { start, end } = payload;
  const [items, ages] = [namesOf(payload, 'item_topic'), namesOf(payload, 'age_segment')];
  const groups = (field: string) => payload.groups?.filter((group) => group.field === field) ?? [];
  const choice = (names: string[], field: string) => {
    const all = groups(field);
    if (all.length > 0 && random() < 0.5)
      return shuffle(
        random,
        favour(random, all).names.map((name) => names.indexOf(name)),
      );
    return random() < 0.4
      ? null
      : shuffle(random, [...names.keys()]).slice(0, random() < 0.5 ? 1 : between(random, 1, names.length));
  };
  const edge = () => Math.round(between(random, start, end) / step) * step;
  const [one, two] = [edge(), edge()].map((at) => Math.max(start, Math.min(end, at))) as [number, number];
  const period: [number, number] = [Math.min(one, two), Math.max(one, two)];
  return { topics: choice(items, 'item_topic'), ages: choice(ages, 'age_segment'), period };
}

/** The users of some kinds of event, or those who did all of them, in each of the parts that a period falls into. */
function expected(
  log: readonly Sample[],
  audience: PeopleQuery,
  payload: Payload,
  all: (string | null)[],
  partDays = 7,
): number[] {
  const isIn = (names: string[], codes: number[] | null, name: string | null) =>
    codes === null || codes.some((code) => names[code] === notSet(name));
  const parts: number[] = [];
  const [start, end] = audience.period;
  // Six midnights lie in a part at most, and those after the first begin at one.
  const next = (from: number) => nextMidnight(from) + (partDays - 1) * dayMs;
  for (let from = start; from < end; from = next(from)) {
    const seen = log.filter(
      ({ ts, item_topic, age_segment }) =>
        Number(ts) >= from &&
        Number(ts) < Math.min(end, next(from)) &&
        isIn(namesOf(payload, 'item_topic'), audience.topics, item_topic) &&
        isIn(namesOf(payload, 'age_segment'), audience.ages, age_segment),
    );
    const [first, ...others] = all.map((kind) => seen.filter(({ event }) => notSet(event) === notSet(kind)));
    parts.push(
      countUsers(
        (first ?? []).filter(({ user_id }) =>
          others.every((other) => other.some((one) => one.user_id === user_id)),
        ),
      ),
    );
  }
  return parts;
}

function holds(found: Bounds[], truth: number[]): boolean {
  return (
    found.length === truth.length &&
    found.every(({ low, high }, part) => low <= (truth[part] ?? NaN) && (truth[part] ?? NaN) <= high)
  );
}

/** Reads what the panel of people draws. */
type Bar = Record<'low' | 'high' | 'share_low' | 'share_high', number> & { event: string };

const exact = (truth: number[]) => truth.map((users) => ({ low: users, high: users }));

function isGroup({ groups = [], dimensions }: Payload, field: string, places: number[]): boolean {
  const names = places.map((place) => namesOf({ dimensions }, field)[place]);
  return groups.some(
    (group) =>
      group.field === field &&
      group.names.length === names.length &&
      group.names.every((name) => names.includes(name)),
  );
}

describe.each(kinds)('on the %s database', (kind) => {
  let db: Database;

  beforeAll(async () => {
    db = await newDatabase(kind);
  });

  afterAll(() => db.close());

  const rounds = { server: cases(8, 4), embedded: cases(3, 1) }[kind];

  test(`people of ${rounds} random logs are exact for all names, one or a named group in whole steps, and within their bounds for any`, async () => {
    useGroups(named);
    const random = mulberry32(31);
    for (let round = 0; round < rounds; round++) {
      const fickle = round % 2 === 0;
      const days = round % 4 < 2 ? 0 : 9;
      const log = Array.from({ length: between(random, 1, 500) }, () => randomEvent(random, fickle, days));
      const payload = await readPeople(db, log);
      if (!payload.people) throw new Error('There are no people.');
      const { start, end, people } = payload;
      expect(people.step).toBe(days === 0 ? 1 : 15);
      for (const returns of [
        people,
        lengthen(people, days === 0 ? 5 : 60, start),
        lengthen(people, 180, start),
      ]) {
        const counter = new People(returns, [start, end]);
        for (let number = 0; number < cases(60, 15); number++) {
          const isWhole = random() < 0.7;
          const audience = randomAudience(random, payload, isWhole ? returns.step * minuteMs : minuteMs);
          const isSingle = (places: number[] | null, field: string) =>
            places === null || places.length === 1 || isGroup(payload, field, places);
          const single = isSingle(audience.topics, 'item_topic') && isSingle(audience.ages, 'age_segment');
          for (const [code, { event }] of payload.events.entries()) {
            const name = event === 'not set' ? null : event;
            const [found, truth] = [counter.count(code, audience), expected(log, audience, payload, [name])];
            expect([audience, found, truth, holds(found, truth)]).toEqual([audience, found, truth, true]);
            const aged = !fickle && isSingle(audience.topics, 'item_topic');
            if (isWhole && (single || aged)) expect([audience, found]).toEqual([audience, exact(truth)]);
            if (event !== 'click' && event !== 'view') continue;
            const both = counter.convert(0, code, event, audience);
            const did = expected(log, audience, payload, ['show', event]);
            expect([audience, both, did, holds(both, did)]).toEqual([audience, both, did, true]);
            if (isWhole && single) expect([audience, both]).toEqual([audience, exact(did)]);
          }
        }
      }
    }
    useGroups();
  });

  test('people survive the payload, which groups make longer, and nothing else', async () => {
    const random = mulberry32(32);
    const log = Array.from({ length: 400 }, () => randomEvent(random, true));
    const payload = await readPeople(db, log);
    expect(decode(encode(payload)).people).toEqual(payload.people);
    useGroups(named);
    const grouped = await readPeople(db, log);
    expect(grouped.groups).toHaveLength(4); // as all ages are none
    const topics = [
      [0, 2],
      [0, 1, 3],
    ];
    const ages = [
      [0, 1],
      [1, 2],
    ];
    expect(grouped.people?.groups).toEqual({ topics, ages });
    expect(decode(encode(grouped))).toEqual(grouped);
    useGroups();
    // What was counted of groups is not read where there are none any more.
    const again = await queryPayload(db, payload, [], { translate: (text) => text });
    expect(encode({ ...again, people: (await queryPeople(db, again, (text) => text)).people })).toEqual(
      encode(payload),
    );
  });

  test('a group is counted where each day of the period has it, and bounded where one lacks it', async () => {
    const seen = (day: number, user_id: number, item_topic: string): Sample => ({
      ...{ ts: midnight + day * dayMs, user_id, item_topic },
      ...{ source_topic: 'S', age_segment: '18-25', event: 'show' },
    });
    // Three people in A or B: by the sums of these, and by what is only in C, two to four.
    const users = { A: [0, 1], B: [1, 2], C: [0, 1, 2, 3] };
    const log = Object.entries(users).flatMap(([topic, ids]) =>
      ids.flatMap((user) => [seen(0, user, topic), seen(1, user, topic)]),
    );
    await readPeople(db, log);
    const run = (day: number) =>
      aggregate(db, [{ start: midnight + day * dayMs, end: midnight + (day + 1) * dayMs }], {
        ...({ minute: 'floor', dryRun: false, jobs: 1, wait: 0, users: true } as const),
      });
    const ask = async () => {
      const period = { start: midnight, end: midnight + 2 * dayMs };
      const payload = await queryPayload(db, period, [], { translate: (text) => text });
      const { people } = await queryPeople(db, payload, (text) => text);
      expect(payload.groups).toEqual([{ field: 'item_topic', name: 'both', names: ['A', 'B'] }]);
      const query: PeopleQuery = { topics: [2, 1], ages: null, period: [period.start, period.end] };
      return people && new People(people, [period.start, period.end]).count(0, query);
    };
    useGroups({ both: ['A', 'B', 'D'] });
    expect(await ask()).toEqual([{ low: 2, high: 4 }]);
    await run(1);
    expect(await ask()).toEqual([{ low: 2, high: 4 }]);
    await run(0);
    expect(await ask()).toEqual(exact([3]));
    useGroups();
  });

  test('who has a topic, age or event that is called "not set" is not taken for someone who has none', async () => {
    const names = ['not set', null, '', '“not set”'];
    const log = names.map((name, at): Sample => ({
      ...{ ts: midnight + at * minuteMs, user_id: 1, event: name },
      ...{ item_topic: name, source_topic: name, age_segment: name },
    }));
    const payload = await readPeople(db, log);
    const { people, events, start, end } = payload;
    const [items, sources, ages] = ['item_topic', 'source_topic', 'age_segment'].map((field) =>
      namesOf(payload, field),
    ) as [string[], string[], string[]];
    if (!people) throw new Error('There are no people.');
    const wanted = ['not set', '“not set”', '““not set””'];
    expect([items, sources].map((list) => list.toSorted())).toEqual([wanted, wanted]);
    expect(ages).toEqual(wanted);
    expect(events.slice(3).map(({ event }) => event)).toEqual(wanted);
    const counter = new People(people, [start, end]);
    for (const [at, name] of wanted.entries()) {
      const audience: PeopleQuery = { topics: [items.indexOf(name)], ages: [at], period: [start, end] };
      expect(counter.count(3 + at, audience)).toEqual(exact([1]));
      expect(counter.count(3 + at, { ...audience, topics: null, ages: null })).toEqual(exact([1]));
    }
  });

  test('a page counts people where every day with events has them; the longer steps go first when it must be small', async () => {
    const random = mulberry32(33);
    await readPeople(
      db,
      Array.from({ length: 3000 }, () => randomEvent(random, true)),
    );
    const options = { locale: 'en' as const, now: 0 };
    const page = await render(db, options);
    expect(page).toMatchObject({ people: 1, uncounted: [] });
    expect(page.html).toContain('<zen-chart id="people" data-area="side" hidden>');
    const size = Buffer.byteLength(page.html);
    const smaller = await render(db, { ...options, maxSize: (size - 100) / 1e6 });
    expect(smaller.ladder).toEqual([]);
    expect(smaller.people).toBeGreaterThan(1);
    expect(smaller.html).toContain('People are counted in steps of ');
    const { people, ...others } = readPayload(smaller.html);
    expect(people).not.toBeNull();
    expect(cellsOf(others, 'visits')).toEqual(cellsOf(readPayload(page.html), 'visits'));
    await db.run("delete from dash_users where dt >= timestamp '2019-09-25'");
    const without = await render(db, options);
    expect(without).toMatchObject({ people: null, uncounted: [midnight] });
    expect(without.html).not.toContain('id="people"');
    await db.run('drop table dash_users');
    expect(await render(db, options)).toMatchObject({ people: null, uncounted: [] });
  });
});

test('in the page, people stand in the place of the average funnel when they are asked for, and follow every filter', async () => {
  const db = await newDatabase('embedded');
  const random = mulberry32(34);
  const log = Array.from({ length: 600 }, () => randomEvent(random, true));
  const payload = await readPeople(db, log);
  const folder = mkdtempSync(join(tmpdir(), 'zen-'));
  const [file, other] = ['people.html', 'other.html'].map((name) => join(folder, name)) as [string, string];
  writeFileSync(file, (await render(db, { locale: 'en' })).html);
  await db.run('drop table dash_users');
  writeFileSync(other, (await render(db, { locale: 'en' })).html);
  await db.close();
  const browser = await openBrowser();
  const page = await browser.newPage();
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  await page.goto(pathToFileURL(file).href);
  await page.waitForSelector('html[data-zen=ready]');
  expect(await page.isVisible('#people')).toBe(false);
  await page.click('#funnel [data-show=people]');
  expect(await page.isVisible('#funnel')).toBe(false);
  const audience: PeopleQuery = { topics: null, ages: null, period: [payload.start, payload.end] };
  const bars = (wanted: number) =>
    page.waitForFunction((low) => {
      const bars = (document.querySelector('#people') as unknown as { data: Bar[] }).data;
      return bars[0]?.low === low ? bars : null;
    }, wanted);
  const check = async () => {
    const of = (...kinds: string[]) =>
      expected(log, audience, payload, kinds).reduce((sum, users) => sum + users, 0);
    const [show, click, view] = [of('show'), of('show', 'click'), of('show', 'view')] as [
      number,
      number,
      number,
    ];
    const found = (await (await bars(show)).jsonValue()) ?? [];
    expect(found.filter(({ event }) => event !== 'not set')).toEqual(
      [show, click, view].map((users, at) => ({
        event: ['show', 'click', 'view'][at],
        ...{ low: users, high: users, share_low: users / show, share_high: users / show },
      })),
    );
    const label = await page.getAttribute('#people .mark-rect path[aria-label]', 'aria-label');
    expect(label).toBe(`Shows: 100.0% · ${show}`);
  };
  await check();
  expect(await page.textContent('#people .finding')).toMatch(
    /^Of \d+\u00a0people shown a card, \d+\.\d% clicked and \d+\.\d% viewed one\.$/,
  );
  await page.click('#ages .name >> nth=0');
  audience.ages = [0];
  await check();
  await page.click('#topics .name >> nth=1');
  audience.topics = [1];
  await check();
  audience.period = [midnight - 10 * minuteMs, midnight + 20 * minuteMs];
  await page.fill('#period input >> nth=0', '2019-09-24 23:50');
  await page.keyboard.press('Enter');
  await page.fill('#period input >> nth=1', '2019-09-25 00:20');
  await page.keyboard.press('Enter');
  await check();
  await page.click('#people summary');
  await page.waitForSelector('#people tbody tr >> nth=2'); // an opened table is filled in the next task
  const link = page.url();
  expect(new URL(link).hash).toMatch(/^#from=2019-09-24T23:50&to=2019-09-25T00:20&.*&funnel=people$/);
  await page.click('#people [data-show=funnel]');
  expect(await page.isVisible('#people')).toBe(false);
  expect(await page.isVisible('#funnel')).toBe(true);
  expect(page.url()).toBe(link.replace('&funnel=people', ''));
  await page.goBack();
  await page.waitForSelector('#funnel', { state: 'hidden' });
  expect(await page.isVisible('#people')).toBe(true);
  await page.goto('about:blank');
  await page.goto(link);
  await page.waitForSelector('html[data-zen=ready]');
  expect(await page.isVisible('#funnel')).toBe(false);
  await check();
  await page.goto(`${pathToFileURL(other).href}#funnel=people`);
  await page.waitForSelector('html[data-zen=ready]');
  expect(await page.textContent('#notice')).toBe('Not in this file: 1\u00a0name of the link.');
  expect(await page.isVisible('#funnel')).toBe(true);
  expect(said).toEqual([]);
  await browser.close();
});

describe('the panel of people', () => {
  let browser: Browser;
  let said: string[];
  /** The pages of the logs so far. */
  const files = new Map<string, string>();

  beforeAll(async () => {
    browser = await openBrowser();
  });

  afterAll(() => browser.close());

  /** Opens a page of some events, with the funnel of people in it. */
  async function open(
    log: readonly Sample[],
    locale: 'en' | 'ru' = 'en',
    options: BrowserContextOptions = {},
  ): Promise<Page> {
    const key = JSON.stringify([log, locale]);
    const file = files.get(key) ?? join(temporaryFolder(), 'people.html');
    if (!files.has(key)) {
      const db = await newDatabase('embedded');
      await readPeople(db, log);
      writeFileSync(file, (await render(db, { locale })).html);
      await db.close();
      files.set(key, file);
    }
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...options });
    said = [];
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(error.message));
    await page.goto(`${pathToFileURL(file).href}#funnel=people`);
    await page.waitForSelector('html[data-zen=ready]');
    return page;
  }

  /** Sets a filter, and waits until the panel has followed. */
  async function choose(page: Page, control: 'topics' | 'period', value: unknown): Promise<void> {
    await page.evaluate(
      ([control, value]) => {
        Object.assign(document.querySelector(`#${control}`) ?? {}, { value });
        return new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)));
      },
      [control, value] as const,
    );
  }

  const plain = (text: string | null) => (text ?? '').replace(/\s/g, ' ');

  const labels = (page: Page) =>
    page.$$eval('#people .mark-rect path[aria-label]', (bars) =>
      bars.map((bar) => bar.getAttribute('aria-label')),
    );

  const rows = (page: Page) =>
    page.$$eval('#people tbody tr', (rows) =>
      rows.map((row) => [...row.querySelectorAll('td')].map(({ textContent }) => textContent)),
    );

  const seen = (user_id: number, ts: number, event: string | null = 'show', item_topic = 'A'): Sample => ({
    ...{ ts, user_id, event, item_topic },
    ...{ source_topic: 'S', age_segment: '18-25' },
  });

  test('tells all or none of those who clicked, where it is not known that anyone was shown a card', async () => {
    const late = midnight + 2 * dayMs + 51 * minuteMs;
    const page = await open(
      Array.from({ length: 20 }, (_, user) => [
        seen(user, midnight),
        ...['show', 'click', 'like'].map((event, at) => seen(user, late + at * minuteMs, event)),
      ]).flat(),
    );
    await choose(page, 'period', [late - minuteMs, late + 3 * minuteMs]);
    expect(
      await page.evaluate(() => (document.querySelector('#people') as unknown as { data: Bar[] }).data),
    ).toEqual([
      { event: 'show', low: 0, high: 20, share_low: 1, share_high: 1 },
      { event: 'click', low: 0, high: 20, share_low: 0, share_high: 1 },
      { event: 'view', low: 0, high: 0, share_low: 0, share_high: 0 },
      { event: 'like', low: 0, high: 20, share_low: 0, share_high: null },
    ]);
    expect(plain(await page.textContent('#people .finding'))).toBe(
      'Of 0 to 20 people shown a card, 0.0% – 100.0% clicked and 0.0% viewed one. The exact number is unknown, so a range is shown.',
    );
    expect(await labels(page)).toEqual([
      'Shows: 100.0% · 0–20',
      'Clicks: 0.0%–100.0% · 0–20',
      'Views: 0.0% · 0',
      '“like”: ≥ 0.0% · 0–20',
    ]);
    await page.click('#people summary');
    await page.waitForSelector('#people tbody td:text-is("–")'); // the table of the whole period has none
    expect(await rows(page)).toEqual([
      ['Shows', '0', '20', '100.0%', '100.0%'],
      ['Clicks', '0', '20', '0.0%', '100.0%'],
      ['Views', '0', '0', '0.0%', '0.0%'],
      ['“like”', '0', '20', '0.0%', '–'],
    ]);
    expect(said).toEqual([]);
    await page.close();
  });

  test('says that there are no shows, where there are other events', async () => {
    const page = await open([seen(1, midnight, 'click'), seen(2, midnight + 9 * minuteMs, 'other')]);
    // Waited for, as the page is drawn a little after a choice.
    const says = (panel: string, text: string) =>
      page.waitForSelector(`#${panel} .empty span:text-is("${text}")`, { timeout: 10_000 });
    await says('people', 'No shows in this selection.');
    await page.click('#people [data-show=funnel]');
    await says('funnel', 'No shows in this selection.');
    await choose(page, 'period', [midnight + minuteMs, midnight + 9 * minuteMs]);
    await says('funnel', 'No events for this selection.');
    await says('sources', 'No events for this selection.');
    await page.click('#funnel [data-show=people]');
    await says('people', 'No events for this selection.');
    expect(said).toEqual([]);
    await page.close();
  });

  test.each([
    ['en', 390, 844, 'light'],
    ['ru', 390, 844, 'dark'],
    ['ru', 768, 1024, 'light'],
    ['en', 1440, 900, 'dark'],
    ['ru', 1440, 900, 'light'],
  ] as const)(
    'shows whole figures, above bars of one scale, in %s at %i × %i, %s',
    async (locale, width, height, colorScheme) => {
      const page = await open([seen(1, midnight)], locale, { viewport: { width, height }, colorScheme });
      const found = await page.evaluate(async () => {
        const bar = (event: string, low: number, high: number, share_low: number, share_high: number) => ({
          ...{ event, name: event, event_rank: low, low, high, share_low, share_high },
        });
        const panel = document.querySelector('#people') as unknown as {
          give(source: string, list: () => object[]): void;
        };
        panel.give('people', () => [
          bar('a', 21_514_389, 42_683_204, 1, 1),
          bar('b', 22_514_389, 31_289_683, 0.7, 1),
          bar('c', 23_514_389, 23_514_389, 0.382, 0.459),
          bar('d', 24_514_389, 90_289_683, 0, 2),
        ]);
        await new Promise((done) => setTimeout(done, 200));
        const boxes = (marks: string) =>
          [...document.querySelectorAll(`#people .view ${marks}`)].map((mark) =>
            mark.getBoundingClientRect(),
          );
        const [view] = boxes('svg') as [DOMRect];
        const bars = boxes('.mark-rect path[aria-label]');
        const texts = [...document.querySelectorAll('#people .mark-text:not(.role-axis-label) text')];
        return texts.map((text, at) => {
          const { left, right, top, bottom } = text.getBoundingClientRect();
          const isWhole = left >= view.left && right <= view.right;
          const isAbove = bottom <= (bars[at]?.top ?? 0) && top >= (bars[at - 1]?.bottom ?? view.top);
          // Beside the bars there is room for their names, and 10 pixels.
          const share = (bars[at]?.width ?? 0) / (view.right - 10 - (bars[at]?.left ?? 0));
          return { text: text.textContent, isWhole, isAbove, color: getComputedStyle(text).fill, share };
        });
      });
      const number = (value: number) => value.toLocaleString(locale);
      const percent = (share: number) =>
        share.toLocaleString(locale, { style: 'percent', minimumFractionDigits: 1 });
      const color = { light: 'rgb(29, 37, 48)', dark: 'rgb(232, 235, 240)' }[colorScheme];
      expect(
        found.map(({ text, share, ...rest }) => ({ ...rest, text: plain(text), share: share.toFixed(3) })),
      ).toEqual(
        [
          [`${percent(1)} · ${number(21_514_389)}–${number(42_683_204)}`, '1.000'],
          [`${percent(0.7)}–${percent(1)} · ${number(22_514_389)}–${number(31_289_683)}`, '0.700'],
          [`${percent(0.382)}–${percent(0.459)} · ${number(23_514_389)}`, '0.382'],
          [`${percent(0)}–${percent(2)} · ${number(24_514_389)}–${number(90_289_683)}`, '0.000'],
        ].map(([text = '', share]) => ({ text: plain(text), share, isWhole: true, isAbove: true, color })),
      );
      await page.close();
    },
  );
});
