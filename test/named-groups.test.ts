import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { between, favour, mulberry32 } from '../fixtures/random.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import { useGroups } from '../src/log/named-groups.ts';
import { readSettings } from '../src/render/manifest.ts';
import type { Words } from '../src/shared/settings.ts';
import { dayMs, minuteMs, parseTime } from '../src/time.ts';
import { openBrowser } from './support/browser.ts';
import { newDatabase, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { countUsers } from './support/oracle.ts';
import type { Sample } from './support/oracle.ts';
import { render } from './support/page.ts';

const midnight = parseTime('2019-09-25');
const topics = ['Наука', 'Кино', 'Дети', '</script>', 'Спорт'];
const ages = ['18-25', '26-30', '45+'];
const groups = {
  'Дом "&"': ['Дети', '</script>', 'Нет'],
  Досуг: ['Кино', 'Спорт', 'Дети'],
  Молодые: ['18-25', '26-30'],
};

test('in the page, a group is a row that opens, chooses its topics, and counts their people exactly', async () => {
  const random = mulberry32(71);
  const log = Array.from({ length: 500 }, (): Sample => {
    const user_id = between(random, 1, 60);
    return {
      ...{ ts: midnight + between(random, 0, 300) * minuteMs, user_id, source_topic: 'S' },
      ...{ item_topic: favour(random, topics), age_segment: ages[user_id % 3] ?? null },
      event: favour(random, ['show', 'show', 'click', 'view']),
    };
  });
  useGroups(groups);
  const db = await newDatabase('embedded');
  await insertEvents(db, log);
  const window = { start: midnight, end: midnight + dayMs };
  await aggregate(db, [window], { minute: 'floor', dryRun: false, jobs: 1, wait: 0, users: true });
  const file = join(temporaryFolder(), 'groups.html');
  writeFileSync(file, (await render(db, { locale: 'en' })).html);
  useGroups();
  await db.close();
  const browser = await openBrowser();
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  await page.goto(`${pathToFileURL(file).href}#funnel=people`);
  await page.waitForSelector('html[data-zen=ready]');

  const shown = () =>
    page.$$eval('#topics tbody tr', (rows) =>
      rows
        .filter((row) => row.getClientRects().length > 0)
        .map((row) => row.querySelector('.name, .group')?.textContent ?? ''),
    );
  const size = (names: string[]) => log.filter(({ item_topic }) => names.includes(item_topic ?? '')).length;
  const order = (names: string[][]) => names.toSorted((a, b) => size(b) - size(a));
  const [home, leisure] = [
    ['Дети', '</script>'],
    ['Кино', 'Спорт', 'Дети'],
  ];
  const called = (names: string[]) => (names === home ? 'Дом "&"' : names === leisure ? 'Досуг' : names[0]);
  expect(await shown()).toEqual(order([['Наука'], home, leisure]).map(called));
  await page.click('#topics .section:has-text("Досуг") .fold');
  const open = order([['Кино'], ['Спорт'], ['Дети']]).map(called);
  expect(await shown()).toEqual(order([['Наука'], home, leisure]).flatMap((one) => (one === leisure ? ['Досуг', ...open] : called(one)))); // prettier-ignore

  /** The people of shows, as the panel has them once it has followed, and as the log has them. */
  const check = async (wanted: (one: Sample) => boolean) => {
    const users = countUsers(log.filter((one) => one.event === 'show' && wanted(one)));
    await page.waitForFunction((users) => {
      const { data } = document.querySelector('#people') as unknown as {
        data: { low: number; high: number }[];
      };
      return data[0]?.low === users && data[0].high === users;
    }, users);
  };
  await page.click('#topics .group:text-is("Досуг")');
  await check(({ item_topic }) => leisure.includes(item_topic ?? ''));
  expect(await page.textContent('#summary')).toContain('topics: Досуг');
  expect(decodeURIComponent(new URL(page.url()).hash)).toContain('topics=Кино,');
  await page.click('#ages .group');
  await check((one) => leisure.includes(one.item_topic ?? '') && one.age_segment !== '45+');
  expect(await page.textContent('#summary')).toContain('age: Молодые');
  const link = page.url();
  await page.click('#topics .group:text-is("Досуг")');
  await check((one) => one.age_segment !== '45+');
  await page.goto('about:blank');
  await page.goto(link);
  await page.waitForSelector('html[data-zen=ready]');
  expect(await page.getAttribute('#topics .group:text-is("Досуг")', 'aria-pressed')).toBe('true');
  await check((one) => leisure.includes(one.item_topic ?? '') && one.age_segment !== '45+');
  // What is looked for is found in a folded group, too.
  await page.fill('#topics input', 'script');
  expect(await shown()).toEqual(['</script>']);
  expect(said).toEqual([]);
  await browser.close();
});

test('a message lists the groups of topics and of ages, and a name that the log lacks is told', async () => {
  const at = (user_id: number, item_topic: string, age_segment: string): Sample => ({
    ...{ ts: midnight, user_id, item_topic, source_topic: 'S', age_segment, event: 'show' },
  });
  const db = await newDatabase('embedded');
  await insertEvents(db, [
    at(1, 'Кино', '18-25'),
    at(1, 'Кино', '18-25'),
    at(2, 'Дети', '26-30'),
    at(3, 'Еда', '45+'),
  ]);
  useGroups({ ...groups, Прочее: ['Кинл', 'Дети', 'Еда', ''] });
  const window = { start: midnight, end: midnight + dayMs };
  const run = () =>
    aggregate(db, [window], { minute: 'floor', dryRun: false, jobs: 1, wait: 0, users: true });
  const read = async (minCell: number) => {
    const { html, strangers } = await render(db, { locale: 'ru', minCell });
    const { findings } = (readSettings(Buffer.from(html)) as { words: Words }).words;
    return {
      strangers,
      told: findings
        .filter((text) => text.includes('групп'))
        .map((text) => text.replaceAll(/[\u2066-\u2069]/g, '')),
    };
  };
  await run();
  const { strangers, told } = await read(1);
  expect(strangers.filter((text) => text.includes('Прочее'))).toEqual([
    'groups of zen.json: “Прочее” has “Кинл”, of which the period has nothing. Did you mean “Кино”?',
  ]);
  expect(told).toEqual([
    'События по группам тем: Досуг – 3, Прочее – 2.',
    'События по возрастным группам: Молодые – 3.',
  ]);

  // Where some of its ages are merged in a topic, a group would lack their events.
  const people = (topic: string, age: string, count: number) =>
    Array.from({ length: count }, (_, user) => at(1000 * ages.indexOf(age) + user, topic, age));
  await db.run('truncate log_raw');
  const many = [12, 14, 16].flatMap((count, number) => people('Кино', ages[number] ?? '', count));
  await insertEvents(db, [...many, ...many.map((one) => ({ ...one, item_topic: 'Спорт' }))]);
  await run();
  expect((await read(10)).told).toEqual(['События по возрастным группам: Молодые – 52.']);
  await insertEvents(db, [
    ...people('Дети', '18-25', 3),
    ...people('Дети', '26-30', 14),
    ...people('Дети', '45+', 15),
  ]);
  await run();
  expect((await read(1)).told.at(-1)).toBe('События по возрастным группам: Молодые – 69.');
  expect((await read(10)).told.filter((text) => text.includes('возраст'))).toEqual([]);
  useGroups();
  await db.close();
});
