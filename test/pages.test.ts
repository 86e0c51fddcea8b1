import { beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { between, mulberry32 } from '../fixtures/random.ts';
import { openDatabase } from '../src/db/open.ts';
import type { Payload } from '../src/shared/data/payload.ts';
import { dayMs, lastMidnight } from '../src/time.ts';
import { kinds, newTarget, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { cellsOf, readPayload } from './support/payload.ts';
import { call, zen as zenAlone } from './support/zen.ts';

const midnight = lastMidnight(Date.now());
const random = mulberry32(2511);
const anyOf = <T>(list: readonly T[]): T => list[between(random, 0, list.length - 1)] as T;
const topics = ['Кино', 'Наука', '<script>Secret', null, 'not set'];

const events = Array.from({ length: 1500 }, () => ({
  ts: midnight - between(random, 1, dayMs),
  user_id: between(random, 1, 60),
  item_topic: anyOf(topics),
  source_topic: anyOf(['Дети', null]),
  age_segment: anyOf(['18-25', '26-35', null]),
  event: anyOf(['show', 'show', 'click', 'view']),
}));
// An event of a kind that one topic alone has.
events.push(
  ...events
    .filter(({ item_topic }) => item_topic === 'Наука')
    .slice(0, 5)
    .map((each) => ({ ...each, event: 'odd' })),
);

const pages = [
  { name: 'film', where: { item_topic: ['Кино'] }, title: 'Film' },
  { name: 'two', where: { item_topic: ['Наука', ''], age_segment: ['18-25'] }, locale: 'en' },
  { name: 'english', locale: 'en', out: 'deep/en.html' },
  { name: 'none', where: { item_topic: ['Кинo', 'Hayкa'] } },
];

describe.each(kinds)('pages of one reading, on the %s database', (kind) => {
  const target = newTarget(kind);
  const database = target.kind === 'server' ? target.url : target.folder;
  const cwd = temporaryFolder();
  const zen = (...args: string[]) => call([...args, '--database', database], { cwd });
  const settle = (settings: object) => {
    writeFileSync(join(cwd, 'zen.json'), JSON.stringify(settings));
  };
  const html = (file: string) => readFileSync(join(cwd, file), 'utf8');
  const page = (file: string): Payload => readPayload(html(file));
  let told: { code: number | null; stdout: string; stderr: string };

  beforeAll(async () => {
    const db = await openDatabase(target, { create: true });
    await insertEvents(db, events);
    await db.close();
    settle({ pages });
    await zen('aggregate', '--users');
    told = await zen('render', '--out', 'all.html', '--json');
  }, 60_000);

  test('are files beside the dashboard, each as it states, and as in the database', async () => {
    expect(told).toMatchObject({ code: 0 });
    const { pages: made } = JSON.parse(told.stdout) as {
      pages: { name: string; file: string; visits: number }[];
    };
    const count = (keep: (event: (typeof events)[number]) => boolean) => events.filter(keep).length;
    expect(made.map(({ name, visits }) => [name, visits])).toEqual([
      ['film', count(({ item_topic }) => item_topic === 'Кино')],
      [
        'two',
        count(
          ({ item_topic, age_segment }) =>
            (item_topic === 'Наука' || item_topic === null) && age_segment === '18-25',
        ),
      ],
      ['english', events.length],
      ['none', 0],
    ]);
    for (const file of ['all.html', 'film.html', 'two.html', 'deep/en.html', 'none.html'])
      expect(await zen('verify', join(cwd, file))).toMatchObject({ code: 0 });
  }, 60_000);

  test('hold their own names alone, in the file and in its data', () => {
    const film = page('film.html');
    expect(film.dimensions.item_topic).toEqual(['Кино']);
    expect(film.topics.map(({ name }) => name).sort()).toEqual(['Дети', 'Кино', 'не указано']);
    expect(JSON.stringify(film)).not.toMatch(/Наука|Secret|not set|odd/);
    expect(html('film.html')).not.toMatch(/Наука|Secret|“odd”/);
    expect(film.people).toBeNull();
    const two = page('two.html');
    expect([...(two.dimensions.item_topic ?? [])].sort()).toEqual(['not set', 'Наука']);
    expect(two.dimensions.age_segment).toEqual(['18-25']);
    expect(JSON.stringify(two)).not.toMatch(/Кино|Secret|26-35/);
    expect(html('two.html')).not.toMatch(/Кино|Secret|26-35/);
    expect(html('film.html')).toContain('<title>Film</title>');
    const sum = (payload: Payload, name: string) => cellsOf(payload, name).sums.at(-1);
    const users = new Set(
      events
        .filter(({ item_topic }) => item_topic === 'Кино')
        .map(({ ts, user_id, age_segment, event }) =>
          [Math.floor(ts / 60_000), user_id, age_segment, event].join(),
        ),
    );
    expect(sum(film, 'engagement')).toBe(users.size);
  });

  test('are the same to the byte in any order, and in a process of their own', async () => {
    const before = pages.map(({ name, out = `${name}.html` }) => [out, html(out)]);
    settle({ pages: pages.toReversed() });
    const args = ['render', '--out', 'all.html', '--database', database];
    expect(await zenAlone(args, { cwd })).toMatchObject({ code: 0 });
    expect(pages.map(({ name, out = `${name}.html` }) => [out, html(out)])).toEqual(before);
    settle({ pages });
  }, 60_000);

  test('in another language are as if they were rendered in it', async () => {
    expect(await zen('render', '--out', 'alone.html', '--locale', 'en')).toMatchObject({ code: 0 });
    const [own, alone] = [page('deep/en.html'), page('alone.html')];
    const sorted = ({ dimensions }: Payload) =>
      Object.entries(dimensions).map(([field, names]) => [field, [...names].sort()]);
    expect(sorted(own)).toEqual(sorted(alone));
    expect(own.dimensions.item_topic).toContain('“not set”');
    expect(own.events).toEqual(alone.events);
    expect(own.people?.step).toBe(alone.people?.step);
  });

  test('merge small groups as the dashboard does, judged by their people', async () => {
    const groups = new Map<string, Set<number>>();
    for (const { item_topic, age_segment, event, user_id } of events)
      if (item_topic === 'Кино') {
        const key = `${age_segment ?? ''} ${event}`;
        groups.set(key, (groups.get(key) ?? new Set()).add(user_id));
      }
    const least = Math.min(...[...groups.values()].map(({ size }) => size));
    expect(least).toBeGreaterThan(1);
    const mergedOf = async (minCell: number) => {
      const rendered = await zen('render', '--out', 'all.html', '--min-cell', String(minCell));
      expect(rendered).toMatchObject({ code: 0 });
      return page('film.html').merged?.groups ?? 0;
    };
    expect(await mergedOf(least)).toBe(0);
    expect(await mergedOf(least + 1)).toBeGreaterThan(0);
    expect(await zen('verify', join(cwd, 'film.html'))).toMatchObject({ code: 0 });
  }, 60_000);

  test('each name that the period does not have is told, with the nearest one, and so is a page without data', () => {
    const of = (name: string) =>
      `The page “none” is of item_topic “${name}”, of which the period has nothing. `;
    expect(told.stderr.split('\n').filter((line) => line.startsWith('The page'))).toEqual([
      `${of('Кинo')}Did you mean “Кино”?`,
      expect.stringContaining(`${of('Hayкa')}There are `),
      'The page “none” says that there is no data: the period has none of its names.',
    ]);
  });

  test('are not told of a period without any names', async () => {
    const early = ['--start-dt', '2001-01-01', '--end-dt', '2001-01-02'];
    const { code, stderr } = await zen('render', '--out', 'early/all.html', ...early);
    expect(code).toBe(0);
    expect(stderr).not.toContain('of which the period has nothing');
    expect(stderr.match(/says that there is no data/g)).toHaveLength(1 + 3);
    settle({ groups: { Family: ['Дети', 'Мода'] } });
    expect((await zen('render', '--out', 'early/all.html', ...early)).stderr).not.toContain('There are');
    settle({ pages });
  }, 60_000);

  test('are published by a night', async () => {
    const night = await zen('nightly', '--out', 'night/zen.html', '--json');
    expect(night).toMatchObject({ code: 0 });
    expect((JSON.parse(night.stdout) as { pages: unknown[] }).pages).toHaveLength(4);
    expect(page('night/film.html').dimensions.item_topic).toEqual(['Кино']);
  }, 60_000);

  test('after one that cannot be written are not begun, but for those at work', async () => {
    const where = { item_topic: ['Кино'] };
    const many = Array.from({ length: 20 }, (_, at) => ({ name: `late_${at}`, where }));
    settle({ pages: [{ name: 'first', where, out: 'all.html/first.html' }, ...many] });
    const { code, stderr } = await zen('render', '--out', 'all.html');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/Cannot write .*first\.html/)]);
    const made = many.filter(({ name }) => existsSync(join(cwd, `${name}.html`)));
    expect(made.length).toBeLessThan(10);
    for (const { name } of made)
      expect(await zen('verify', join(cwd, `${name}.html`))).toMatchObject({ code: 0 });
    settle({ pages });
  }, 60_000);

  test.each([
    [
      [{ name: 'a/b' }],
      /line 1: “pages\.0\.name” is “a\/b”\. Write it with letters, digits, _ and - alone\./,
    ],
    [[{ where: {} }], /“pages\.0” lacks “name”\. Add it\./],
    [[{ name: 'a', were: {} }], /no setting “were” in “pages\.0”\. Did you mean “where”\?/],
    [
      [{ name: 'a', where: { item_topic: [] } }],
      /“pages\.0\.where\.item_topic” has 0 parts\. Name 1 or more\./,
    ],
    [
      [{ name: 'new' }],
      /line 1: the page “new” has the same file as the dashboard: new\.html\. Give it its own out\./,
    ],
    [
      [{ name: 'a' }, { name: 'b', out: 'a.html' }],
      /the page “b” has the same file as the page “a”: .*a\.html\. Give it its own out\./,
    ],
    [
      [{ name: 'a', where: { source_topic: ['x'] } }],
      /A page in zen\.json filters by “source_topic”, which engagement does not have\. It has item_topic, age_segment, event\./,
    ],
  ])('with a mistake are refused, and nothing is written: %j', async (wrong, said) => {
    settle({ pages: wrong });
    const { code, stderr } = await zen('render', '--out', 'new.html');
    expect([code, stderr]).toEqual([2, expect.stringMatching(said)]);
    expect(existsSync(join(cwd, 'new.html'))).toBe(false);
  });
});
