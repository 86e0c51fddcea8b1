import { countSelected } from '../src/shared/minutes.ts';
import { namesOf } from '../src/shared/data/payload.ts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { parse, View } from 'vega';
import type { TopLevelSpec } from 'vega-lite';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Database } from '../src/db/database.ts';
import { compileChart, listCharts, readChart } from '../src/render/charts.ts';
import { readLocale } from '../src/render/locale.ts';
import { mulberry32, shuffle } from '../fixtures/random.ts';
import { paint } from '../src/render/palette.ts';
import { writePage } from '../src/output.ts';
import { joinPieces, split } from '../src/shared/data/varint.ts';
import { feed } from '../src/shared/vega/bind-data.ts';
import { readPanel } from '../src/render/panels.ts';
import { decode, decodeFirst, encode } from '../src/shared/data/payload.ts';
import { buildCells, eachCell } from '../src/shared/data/cells.ts';
import { known } from '../src/shared/known.ts';
import { tabulatePayload } from '../src/shared/data/table.ts';
import { tabulate, toCsv } from '../src/shared/text/data-table.ts';
import { everything, usualFilters } from '../src/shared/selection.ts';
import type { Selection } from '../src/shared/selection.ts';
import { describeFinding, describeHeadline, describeSelection } from '../src/shared/text/findings.ts';
import { translator } from '../src/shared/text/messages.ts';
import { writer } from '../src/shared/text/format.ts';
import { parseTime } from '../src/time.ts';
import { kinds, newDatabase, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { cellsOf, readPayload, toCells, makePayload } from './support/payload.ts';
import type { Made } from './support/payload.ts';
import { payload as invented } from './support/invented.ts';
import { render } from './support/page.ts';

const noon = parseTime('2026-11-22 12:00');
const minute = 60_000;

const [items, ages, sources] = [
  ['Шоу', 'Дети'],
  ['18-25', '45+'],
  ['Дети', 'Кино'],
];
const events = [
  { event: 'show', name: 'Показы', rank: 0, step: true },
  { event: 'click', name: 'Клики', rank: 1, step: true },
  { event: 'view', name: 'Просмотры', rank: 2, step: true },
  { event: 'like', name: '“like”', rank: 3, step: false },
];
const made: Made = {
  start: noon,
  end: noon + 3 * minute,
  ladder: [],
  items,
  ages,
  sources,
  events,
  topics: [
    { name: 'Дети', color: '#112233', rank: 0 },
    { name: 'Шоу', color: '#445566', rank: 1 },
    { name: 'Кино', color: '#778899', rank: 2 },
  ],
  gaps: [],
  merged: null,
  visits: toCells(
    [items, ages, sources],
    [
      ['Дети', '18-25', 'Кино', 0, 3],
      ['Шоу', '45+', 'Кино', 0, 1],
      ['Шоу', '45+', 'Дети', 2, 12],
    ],
  ),
  engagement: toCells(
    [items, ages, events.map(({ event }) => event)],
    [
      ['Дети', '18-25', 'show', 0, 6],
      ['Шоу', '45+', 'show', 0, 2],
      ['Дети', '18-25', 'click', 0, 2],
      ['Шоу', '45+', 'view', 1, 1],
      ['Дети', '18-25', 'like', 0, 1],
    ],
  ),
  people: null,
};
const payload = makePayload(made);
const tables = tabulatePayload(payload);

type Row = Record<string, unknown>;

/** The rows that a chart draws of `tables`, by Vega in this process. */
async function draw(name: string): Promise<Row[]> {
  const scene = { period: payload, ladder: [] };
  const chart = compileChart(
    name,
    readChart(name, scene, (text) => text),
    payload.tables,
  );
  expect(chart.left).toEqual([]);
  const view = new View(parse(chart.spec));
  feed(view, chart.tables, tables);
  return (await view.runAsync()).data(chart.rows) as Row[];
}

const pick = (rows: Row[], ...fields: string[]) => rows.map((row) => fields.map((field) => row[field]));

describe('the charts, by hand-counted rows', () => {
  test('history: events per minute and topic, stacked by rank, zero where there are none', async () => {
    const rows = await draw('history');
    const at = (dt: number) =>
      pick(
        rows.filter((row) => row.dt === dt),
        'item_topic',
        'visits',
        'floor',
        'top',
        'tint',
      ).sort();
    expect(at(noon)).toEqual([
      ['Дети', 3, 0, 3, '#112233'],
      ['Шоу', 1, 3, 4, '#445566'],
    ]);
    expect(at(noon + minute).map(([, visits]) => visits)).toEqual([0, 0]);
    expect(at(noon + 2 * minute).map(([, visits]) => visits)).toEqual([0, 12]);
    expect(new Set(rows.map((row) => row.dt)).size).toBe(4);
  });

  test('sources: each share is of all visits, the largest first', async () => {
    const rows = (await draw('sources')).sort((a, b) => Number(a.from) - Number(b.from));
    expect(pick(rows, 'source_topic', 'visits', 'share', 'from', 'to')).toEqual([
      ['Дети', 12, 0.75, 0, 0.75],
      ['Кино', 4, 0.25, 0.75, 1],
    ]);
  });

  test('funnel: shares of the users of shows by their sums, beside the original’s mean over existing rows', async () => {
    const rows = await draw('funnel');
    expect(pick(rows, 'event', 'users', 'share', 'mean_share', 'step', 'name').sort()).toEqual([
      ['click', 2, 2 / 8, 2 / 4, null, 'Клики'],
      ['like', 1, 1 / 8, 1 / 4, null, '“like”'],
      ['show', 8, 1, 1, null, 'Показы'],
      ['view', 1, 1 / 8, 1 / 4, 1 / 2, 'Просмотры'],
    ]);
    expect(pick(rows, 'label', 'step_label').sort()).toEqual([
      ['100.0% · 8', ''],
      ['12.5% · 1', ''],
      ['12.5% · 1', '50.0% of clicks'],
      ['25.0% · 2', ''],
    ]);
  });

  test('every file in templates/charts is a chart of the page, and each names its data and holds none', () => {
    const files = readdirSync('templates/charts');
    // One stands only where it is named.
    const shipped = [...listCharts(), 'retention'].sort();
    expect(files.sort()).toEqual(shipped.map((name) => `${name}.vl.json`));
    for (const file of files) {
      const spec = JSON.parse(readFileSync(joinPath('templates/charts', file), 'utf8')) as Row;
      expect(Object.keys(spec.data as Row)).toEqual(['name']);
      expect(spec.$schema).toBe('https://vega.github.io/schema/vega-lite/v6.json');
    }
  });

  test('one that does not compile, or only with a warning, is named', () => {
    const wrong = { data: { name: 'x' }, mark: 'bar', encoding: { x: { field: 'a', type: 'odd' } } };
    expect(() => compileChart('odd', wrong as unknown as TopLevelSpec, {})).toThrow(
      /^templates\/charts\/odd.vl.json does not compile: /,
    );
    expect(() => compileChart('bare', { data: { name: 'x' } } as unknown as TopLevelSpec, {})).toThrow(
      /bare.vl.json does not compile/,
    );
  });
});

describe('the payload', () => {
  test('comes back as it was, also empty, and with hostile names', () => {
    const hostile = [
      '</script>',
      '<!--',
      '{{x}}',
      '$&',
      '__proto__',
      'constructor',
      '\u2028',
      '\u202e',
      '🐸',
      '"',
      '\\',
      '',
    ];
    const one = toCells(
      [hostile, ['a'], ['b']],
      hostile.map((name, at) => [name, 'a', 'b', at, 1]),
    );
    const { start, ages, sources } = made;
    const kinds = made.events.map(({ event }) => event);
    const end = start + hostile.length * 60_000;
    const engagement = toCells([hostile, ['a'], kinds], []);
    const none = { visits: toCells([[], ages, sources], []), engagement: toCells([[], ages, kinds], []) };
    for (const each of [
      made,
      { ...made, end, items: hostile, ages: ['a'], sources: ['b'], visits: one, engagement },
      { ...made, ...none, items: [], topics: [] },
    ].map(makePayload)) {
      expect(decode(encode(each))).toEqual(each);
    }
  });

  test('with many rows comes in two parts, of which the first has sums of the second, or is refused', () => {
    const [first, rows] = encode(invented, 0);
    expect(decode([first, known(rows)])).toEqual(invented);
    const early = decodeFirst(first);
    expect(Object.values(early.tables).map(({ cells }) => cells)).toEqual([null, null]);
    const { visits, ...others } = invented.tables;
    // An event of the first minute of a topic moves to the second.
    const all = [...eachCell(cellsOf(invented, 'visits'))];
    const one = all.findIndex(({ values }) => values.length > 1);
    const { values, ...cell } = known(all[one]);
    const moved = Array.from(values, (value, at) => value + (at === 0 ? 1 : at === 1 ? -1 : 0));
    const cells = buildCells(cellsOf(invented, 'visits').sizes, all.with(one, { ...cell, values: moved }));
    const tables = { visits: { ...known(visits), cells }, ...others };
    const [, other] = encode({ ...invented, tables }, 0);
    expect(() => decode([first, known(other)])).toThrow('other sums than it says');
    expect(() => decode([first])).toThrow('ends too early');
  });

  test('of another version is refused', () => {
    const [head, ...cells] = split(encode(payload)[0], 4).map((piece) => Buffer.from(piece));
    const other = Buffer.from(String(head).replace('[7,', '[6,'));
    expect(() => decode([joinPieces([other, ...cells])])).toThrow('version 6, not 8');
  });
});

describe('colours', () => {
  /** sRGB to CIELAB (D65). */
  function see(color: string): number[] {
    const linear = [1, 3, 5].map((at) => {
      const share = parseInt(color.slice(at, at + 2), 16) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    const rgbToXyz = [
      0.4124564, 0.3575761, 0.1804375, 0.2126729, 0.7151522, 0.072175, 0.0193339, 0.119192, 0.9503041,
    ];
    const white = [0.95047, 1, 1.08883];
    const [x = 0, y = 0, z = 0] = [0, 3, 6].map((at, index) => {
      const value = linear.reduce((sum, share, column) => sum + share * (rgbToXyz[at + column] ?? 0), 0);
      const part = value / (white[index] ?? 1);
      return part > 216 / 24389 ? Math.cbrt(part) : ((24389 / 27) * part + 16) / 116;
    });
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
  }

  const distance = (one: number[], other: number[]) =>
    Math.hypot(...one.map((value, index) => value - (other[index] ?? 0)));

  test('of neighbours in a stack can be told apart', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const names = Array.from({ length: 30 }, (_, at) => `topic ${at * seed}`);
      const seen = [...paint([names]).values()].map(see);
      const steps = seen.slice(1).map((color, index) => distance(color, seen[index] ?? []));
      expect(Math.min(...steps)).toBeGreaterThan(20);
    }
  });

  test('belong to names: a name nearly always has the same one, whatever the page', () => {
    const random = mulberry32(5);
    const names = Array.from({ length: 30 }, (_, at) => `тема ${at}`);
    const first = paint([names]);
    let same = 0;
    for (let page = 0; page < 20; page++)
      for (const [name, color] of paint([shuffle(random, names)])) {
        expect(color).toMatch(/^#[0-9a-f]{6}$/);
        same += Number(first.get(name) === color);
      }
    expect(same / (20 * 30)).toBeGreaterThan(0.7);
  });
});

test('every English text of the page and the charts has a Russian one', () => {
  const { messages } = readLocale('ru');
  const page = readFileSync('templates/page.hbs', 'utf8');
  const texts = [...page.matchAll(/[({]t "([^"]+)"[)}]/g)].map(([, text]) => text ?? '');
  const code = ['src/client', 'src/shared', 'src/render'].flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && path !== 'manifest.ts')
      .map((path) => joinPath(room, path)),
  );
  for (const file of code) {
    const found = readFileSync(file, 'utf8').matchAll(
      /(?:\bt\(\s*|\[)(['"])((?:(?!\1).)+ (?:(?!\1).)+|\w+)\1(?:, \d|[,)])/g,
    );
    texts.push(...[...found].map(([, , text]) => text ?? '').filter((text) => /[A-Z]/.test(text)));
  }
  for (const name of listCharts()) {
    const spec = readChart(name, { period: payload, ladder: [] }, (text) => text);
    const { finding } = readPanel(name, spec, payload.tables);
    if (finding.includes('{')) texts.push(finding);
    readChart(name, { period: payload, ladder: [] }, (text) => {
      texts.push(text);
      return text;
    });
  }
  expect(texts.length).toBeGreaterThan(60);
  expect(texts.filter((text) => !Object.hasOwn(messages, text))).toEqual([]);
  expect(translator(readLocale('ru'))('constructor')).toBe('constructor');
});

describe('in words', () => {
  const drawn = {
    history: [
      { dt: noon, item_topic: 'Дети', visits: 3 },
      { dt: noon, item_topic: 'Шоу', visits: 1 },
      { dt: noon + minute, item_topic: 'Шоу', visits: 1234 },
    ],
    sources: [
      { source_topic: 'Кино', visits: 4, share: 4 / 1238 },
      { source_topic: '=cmd|"x"!A1', visits: 1234, share: 1234 / 1238 },
    ],
    funnel: [
      { event: 'show', name: 'Shows', users: 10, share: 1, step: null, mean_share: 1 },
      { event: 'click', name: 'Clicks', users: 4, share: 0.4, step: null, mean_share: 0.5 },
      { event: 'view', name: 'Views', users: 3, share: 0.3, step: 0.75, mean_share: 0.25 },
    ],
    people: [
      {
        ...{ event: 'show', name: 'Shows', event_rank: 0, low: 9, high: 9, least: 5, parts: 2 },
        ...{ share_low: 1, share_high: 1 },
      },
      {
        ...{ event: 'click', name: 'Clicks', event_rank: 1, low: 3, high: 6, least: 2, parts: 2 },
        ...{ share_low: 1 / 3, share_high: 2 / 3 },
      },
    ],
  };
  const english = writer(readLocale('en'));

  const panelOf = (name: string) =>
    readPanel(name, readChart(name, { period: payload, ladder: [] }, english.t), payload.tables);

  test('each chart says what it finds, as its file asks for', () => {
    for (const [name, wanted] of [
      ['history', 'The largest of 2\u00a0topics is Шоу: 1,235\u00a0events, 99.8%.'],
      ['sources', 'The largest of 2\u00a0topics is =cmd|"x"!A1: 1,234\u00a0events, 99.7%.'],
      ['funnel', 'Of shows, 40.0% are clicked and 30.0% viewed; of clicks, 75.0% become views.'],
      [
        'people',
        'Of 9\u00a0people shown a card, 33.3% – 66.7% clicked and 0.0% viewed one. The exact number is unknown, so a range is shown. ' +
          'Over so long a period, each person counts once in each of 2\u00a0parts; in total, they are 5 to 9 distinct people.',
      ],
    ] as const) {
      expect(describeFinding(panelOf(name), drawn[name], english)).toBe(wanted);
      expect(describeFinding(panelOf(name), [], english)).toBe('');
    }
    const four = ['Кино', 'Шоу', 'Дети', 'Цирк'].map((source_topic, at) => ({
      source_topic,
      visits: 4 - at,
    }));
    expect(describeFinding(panelOf('sources'), four, english)).toBe('Кино, Шоу, and Дети make up 90.0%.');
    expect(describeFinding(panelOf('funnel'), drawn.funnel.slice(0, 2), english)).toBe('');
    const hours = { ...panelOf('history'), finding: 'largest of item_topic by hour' };
    expect(() => describeFinding(hours, drawn.history, english)).toThrow('numbers in hour');
  });

  test('the head of the page says the numbers that count, by hand', () => {
    const span: [number, number] = [noon, noon + 3 * minute];
    const say = (selection: Partial<Selection>) =>
      describeHeadline(
        countSelected(tables, { ...everything, ...selection }, span),
        tables,
        { ...everything, ...selection },
        span,
        english,
      );
    expect(say({})).toMatchObject({ events: '16', views: '12.5%', peak: '12 at 12:02' });
    expect(say({ names: { item_topic: ['Дети'] } })).toMatchObject({
      events: '3',
      views: '0.0%',
      peak: '3 at 12:00',
    });
    expect(say({ names: { item_topic: [] } })).toMatchObject({ events: '0', views: '–', peak: '–' });
  });

  test('what is counted stands in the form that its number asks for', () => {
    const count = (language: 'ru' | 'en', events: number) =>
      translator(readLocale(language))('{events event|events}', { events });
    const russian = ['1 событие', '2 события', '5 событий', '11 событий', '21 событие', '112 событий'];
    for (const wanted of russian) expect(count('ru', parseInt(wanted)).replace(/\s/g, ' ')).toBe(wanted);
    expect(count('ru', 322391).replace(/\s/g, ' ')).toBe('322 391 событие');
    for (const wanted of ['0 events', '1 event', '2 events'])
      expect(count('en', parseInt(wanted)).replace(/\s/g, ' ')).toBe(wanted);
  });

  test('of one person something else is said in Russian than of several', () => {
    const say = (low: number, high = low, parts = 1) => {
      const show = {
        event: 'show',
        name: 'Показы',
        event_rank: 0,
        share_low: 1,
        share_high: 1,
        least: low,
        parts,
      };
      const words = describeFinding(panelOf('people'), [{ ...show, low, high }], writer(readLocale('ru')));
      return words.replace(/\s/g, ' ');
    };
    for (const [people, wanted] of [
      [1, '1 человек увидел карточки: кликнули 0,0 %, просмотрели 0,0 %.'],
      [3, '3 человека увидели карточки: кликнули 0,0 %, просмотрели 0,0 %.'],
      [11, '11 человек увидели карточки: кликнули 0,0 %, просмотрели 0,0 %.'],
      [21, '21 человек увидел карточки: кликнули 0,0 %, просмотрели 0,0 %.'],
    ] as const)
      expect(say(people)).toBe(wanted);
    expect(say(0, 1)).toMatch(/^Карточки увидели от 0 до 1 человека: /);
    expect(say(0, 12_345)).toMatch(/^Карточки увидели от 0 до 12 345 человек: /);
    expect(say(4, 21, 2)).toMatch(/ в каждой из 2 частей; всего это от 4 до 21 разного человека\.$/);
    expect(say(4, 24, 2)).toMatch(/ в каждой из 2 частей; всего это от 4 до 24 разных людей\.$/);
  });

  test('the line of what is shown names the filters, and a long list by its first', () => {
    const span: [number, number] = [noon, noon + 3 * minute];
    const russian = writer(readLocale('ru'));
    const say = (chosen: Selection, write: ReturnType<typeof writer>) =>
      describeSelection(chosen, span, write, usualFilters)
        .map(({ text }) => text)
        .join(' · ');
    expect(say(everything, russian)).toMatch(
      /^22 ноября 2026\sг\., 12:00–12:03 UTC · все темы · все возрасты$/,
    );
    const names = { item_topic: ['a', 'b', 'c', 'd', 'e', 'f'], age_segment: ['45+'] };
    const selection = { period: null, names };
    expect(say(selection, english)).toMatch(/ · topics: a, b, c, d and 2 more · age: 45\+$/);
  });

  test('a table is CSV that Excel reads as UTF-8, and whose texts it cannot take for formulas', () => {
    expect(toCsv(tabulate(panelOf('sources'), drawn.sources, english), english)).toBe(
      `\uFEFF"Source topic","Events","Share"\r\n"'=cmd|""x""!A1",1234,0.996768982229402\r\n"Кино",4,0.00323101777059774\r\n`,
    );
    expect(tabulate(panelOf('history'), drawn.history, english).body).toEqual([
      [noon, 'Дети', 3],
      [noon, 'Шоу', 1],
      [noon + minute, 'Шоу', 1234],
    ]);
  });
});

describe.each(kinds)('a page from the %s database', (kind) => {
  let db: Database;
  const hostile = `</script><script>alert(1)</script>{{title}}$&`;

  beforeAll(async () => {
    db = await newDatabase(kind);
    const event = { user_id: 1, source_topic: null, age_segment: '', event: 'show' };
    await insertEvents(db, [
      { ...event, ts: noon, item_topic: hostile },
      { ...event, ts: noon + 5 * minute, item_topic: null },
    ]);
    const options = { minute: 'floor', dryRun: false, jobs: 1, wait: 0 } as const;
    await aggregate(db, [{ start: noon, end: noon + 10 * minute }], options);
  });

  afterAll(() => db.close());

  test('covers what is aggregated, and shows what is not set as such', async () => {
    const { html, period, events: visits, rows } = await render(db, { locale: 'ru' });
    expect([period, visits, rows]).toEqual([{ start: noon, end: noon + 6 * minute }, 2, 4]);
    const read = readPayload(html);
    expect(namesOf(read, 'item_topic')).toEqual([hostile, 'не указано']);
    expect(namesOf(read, 'age_segment')).toEqual(['не указано']);
    expect(html).not.toContain('<script>alert');
    expect(html).toMatch(/^<!doctype html>\n<html lang="ru">/);
  });

  test('can be of a part, in English, under another title', async () => {
    const {
      html,
      events: visits,
      period,
    } = await render(db, { locale: 'en', start: noon + minute, title: 'A & B' });
    expect([visits, period]).toEqual([1, { start: noon + minute, end: noon + 6 * minute }]);
    expect(html).toContain('<title>A &amp; B</title>');
    expect(html).toContain('Events per minute, by card topic');
    expect(html).toContain('not set');
  });

  test('of a period without data says so', async () => {
    const { html, events: visits } = await render(db, {
      locale: 'ru',
      start: noon + minute,
      end: noon + 2 * minute,
    });
    expect(visits).toBe(0);
    expect(html).toContain('За этот период данных нет.');
  });

  test('of empty tables is one too, of the last day', async () => {
    await db.run('delete from dash_visits');
    await db.run('delete from dash_engagement');
    const {
      html,
      events: visits,
      period,
    } = await render(db, { locale: 'en' }, parseTime('2026-11-24 05:00'));
    expect([visits, period]).toEqual([0, { start: parseTime('2026-11-23'), end: parseTime('2026-11-24') }]);
    expect(html).toContain('No data in this period.');
  });

  test('of a period that ends before it starts is refused', async () => {
    await expect(render(db, { locale: 'ru', start: noon, end: noon })).rejects.toThrow('The period is empty');
  });
});

test('a page tells which of its minutes were never aggregated, and whether the log has changed since', async () => {
  const db = await newDatabase('server');
  const event = { user_id: 1, item_topic: 'a', source_topic: 'b', age_segment: 'c', event: 'show' };
  await insertEvents(db, [
    { ...event, ts: noon },
    { ...event, ts: noon + 9 * minute },
  ]);
  const parts = [
    { start: noon, end: noon + 3 * minute },
    { start: noon + 7 * minute, end: noon + 10 * minute },
  ];
  await aggregate(db, parts, { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
  const facts = async () => {
    const { html } = await render(db, { locale: 'en' });
    return { html, gaps: readPayload(html).gaps };
  };
  const before = await facts();
  expect(before.gaps).toEqual([{ start: noon + 3 * minute, end: noon + 7 * minute }]);
  expect(before.html).toMatch(/Never aggregated: [^<]*12:03[^<]*12:07[^<]* UTC\./);
  expect(before.html).toContain('This file holds 2\u00a0events, as many as in the log.');
  await insertEvents(db, [{ ...event, ts: noon + minute }]);
  expect((await facts()).html).toContain('The log has changed since: it holds 3\u00a0events.');
  await db.close();
});

test('a mean of less than one event a minute has axes that can be read, and write days as the language does', async () => {
  const db = await newDatabase('server');
  const event = { user_id: 1, item_topic: 'a', source_topic: 'b', age_segment: 'c', event: 'show' };
  const hours = Array.from({ length: 7 * 24 }, (_, hour) => ({ ...event, ts: noon + hour * 60 * minute }));
  await insertEvents(db, hours);
  const week = { start: noon, end: noon + 7 * 24 * 60 * minute };
  await aggregate(db, [week], { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
  const { html } = await render(db, { locale: 'ru', end: week.end });
  const [history = ''] = /<zen-chart id="history".*?<\/zen-chart>/s.exec(html) ?? [];
  const labels = [...history.matchAll(/>(0(?:,\d+)?)<\/text>/g)].map(([, label]) => label);
  expect(labels).toEqual(['0', '0,005', '0,01', '0,015', '0,02', '0,025', '0,03', '0,035']); // 1 in 30 minutes is 0.033
  expect(history).toContain('>23 нояб.</text>');
  const english = await render(db, { locale: 'en', end: week.end });
  expect(english.html).toContain('>Nov 23</text>');
  await db.close();
});

test('a page tells by which rule events came to their minutes', async () => {
  const other = await newDatabase('server');
  try {
    const first = {
      item_topic: 'Шоу',
      source_topic: 'Кино',
      age_segment: '18-25',
      event: 'show',
      user_id: 1,
    };
    await insertEvents(other, [
      { ...first, ts: parseTime('2019-09-24 12:00') },
      { ...first, ts: parseTime('2019-09-25 12:00') },
    ]);
    const run = (start: string, rule: 'floor' | 'nearest') =>
      aggregate(other, [{ start: parseTime(start), end: parseTime(start) + 86_400_000 }], {
        ...{ minute: rule, dryRun: false, jobs: 1, wait: 0 },
      });
    const told = async () => {
      const { html } = await render(other, { locale: 'en' });
      return ['The minute in which', 'The full minute nearest', 'In some of the period'].map((text) =>
        html.includes(text),
      );
    };
    await run('2019-09-24', 'floor');
    await run('2019-09-25', 'floor');
    expect(await told()).toEqual([true, false, false]);
    await run('2019-09-25', 'nearest');
    expect(await told()).toEqual([false, false, true]);
    await run('2019-09-24', 'nearest');
    expect(await told()).toEqual([false, true, false]);
  } finally {
    await other.close();
  }
});

test('a page that cannot be written leaves the old one, and no draft', async () => {
  const folder = temporaryFolder();
  await writePage(joinPath(folder, 'a/zen.html'), 'old');
  await expect(writePage(joinPath(folder, 'a/zen.html/x.html'), 'new')).rejects.toThrow(
    /^Cannot write .*x\.html: /,
  );
  await expect(writePage(joinPath(folder, 'a'), 'new')).rejects.toThrow(/^Cannot write .*a: /);
  expect(readFileSync(joinPath(folder, 'a/zen.html'), 'utf8')).toBe('old');
  expect([readdirSync(folder), readdirSync(joinPath(folder, 'a'))]).toEqual([['a'], ['zen.html']]);
});
