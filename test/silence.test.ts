import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { simpleParser } from 'mailparser';
import { mulberry32 } from '../fixtures/random.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import { queryStatus } from '../src/aggregate/status.ts';
import type { Database } from '../src/db/database.ts';
import { listSilences } from '../src/ledger/silence.ts';
import { readHistory } from '../src/mail/history.ts';
import { writeMail } from '../src/mail/mail.ts';
import { runChecks } from '../src/nightly/checks.ts';
import { coarsen } from '../src/render/fit-size.ts';
import { encode } from '../src/shared/data/payload.ts';
import { dayMs, minuteMs, parseTime } from '../src/time.ts';
import type { Window } from '../src/time.ts';
import { kinds, newDatabase } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { cellsOf, readPayload } from './support/payload.ts';
import { render } from './support/page.ts';

const hour = 60 * minuteMs;
const monday = parseTime('2026-11-23');

/** The minutes of some days in which a log has an event, whose rate (events a minute) follows the minute of the day. */
function invent(seed: number, days: number, rate: (minute: number) => number): number[] {
  const random = mulberry32(seed);
  return Array.from({ length: days * 1440 }, (_, minute) => minute)
    .filter((minute) => random() < 1 - Math.exp(-rate(minute % 1440)))
    .map((minute) => monday + minute * minuteMs);
}

const without = (active: number[], ...holes: Window[]) =>
  active.filter((minute) => !holes.some(({ start, end }) => minute >= start && minute < end));
const from = (day: number, clock: number, hours: number) => {
  const start = monday + day * dayMs + clock * hour;
  return { start, end: start + hours * hour };
};
const three = [{ start: monday, end: monday + 3 * dayMs }];
const busy = invent(7, 3, () => 6);

describe('a quiet log is never called silent', () => {
  /** Least and most events a minute, at midnight and at noon. */
  test.each([
    [0.01, 0.01],
    [0.1, 0.1],
    [0.3, 0.3],
    [0.02, 1],
    [0.1, 3],
    [0.01, 5],
    [0.001, 20],
  ])('30 days of %d to %d events a minute', (least, most) => {
    const swing = (minute: number) => (1 - Math.cos((2 * Math.PI * minute) / 1440)) / 2;
    const active = invent(11, 30, (minute) => least * (most / least) ** swing(minute));
    expect(listSilences(active, [{ start: active[0] ?? 0, end: monday + 30 * dayMs }])).toEqual([]);
  });

  test('of office hours, as the days beside a night have it, too', () => {
    const office = invent(3, 7, (minute) => (minute >= 540 && minute < 1080 ? 8 : 0));
    expect(listSilences(office, [{ start: office[0] ?? 0, end: monday + 7 * dayMs }])).toEqual([]);
  });

  test('where nothing is aggregated, or the log has not begun', () => {
    const hole = from(1, 13, 1);
    const known = [
      { start: monday, end: hole.start },
      { start: hole.end, end: monday + 3 * dayMs },
    ];
    expect(listSilences(without(busy, hole), known)).toEqual([]);
    expect(
      listSilences(without(busy, from(0, 0, 12)), [{ start: monday + 12 * hour, end: monday + 3 * dayMs }]),
    ).toEqual([]);
    expect(listSilences([], three)).toEqual([]);
  });
});

describe('a busy log is silent', () => {
  test.each([
    ['for an hour', [from(1, 13, 1)]],
    ['for a quarter of an hour', [from(1, 13, 0.25)]],
    ['for ten minutes', [from(1, 13, 1 / 6)]],
    ['for ten hours', [from(1, 9, 10)]],
    ['over midnight', [from(0, 22, 4)]],
    ['for the last three hours', [from(2, 21, 3)]],
    ['twice for the same time', [from(1, 10, 1), from(1, 12, 1)]],
    ['for a shorter time beside a longer one', [from(1, 10, 1), from(1, 11.5, 0.25)]],
    ['on two days at different hours', [from(0, 10, 1), from(1, 15, 1)]],
  ])('%s', (_, holes) => {
    expect(listSilences(without(busy, ...holes), three)).toEqual(holes);
  });

  test('between two minutes, as the log of the fixture is, with few minutes around it', () => {
    const start = parseTime('2019-09-24 18:27');
    const hole = { start: parseTime('2019-09-24 18:36'), end: parseTime('2019-09-24 18:51') };
    const all = Array.from({ length: 34 }, (_, at) => start + at * minuteMs);
    expect(listSilences(without(all, hole), [{ start, end: parseTime('2019-09-24 19:00') }])).toEqual([hole]);
    const wholeDay = [{ start: parseTime('2019-09-24'), end: parseTime('2019-09-25') }];
    expect(listSilences(without(all, hole), wholeDay)).toEqual([hole]);
  });
});

/** Two events a minute; on the second day one more in every tenth minute, and on the first none from 13:00 to 14:00. */
const log = [0, 1].flatMap((day) =>
  Array.from({ length: 1440 }, (_, minute) => minute).flatMap((minute) =>
    day === 0 && minute >= 780 && minute < 840
      ? []
      : Array.from({ length: day === 1 && minute % 10 === 0 ? 3 : 2 }, (_, at) => ({
          ts: monday + day * dayMs + minute * minuteMs + at,
          ...{ user_id: at, item_topic: at === 2 ? 'Кино' : 'Наука' },
          ...{ source_topic: 'Дети', age_segment: '18-25', event: 'show' },
        })),
  ),
);
const hole = from(0, 13, 1);
const period = { start: monday, end: monday + 2 * dayMs };

describe.each(kinds)('on the %s database', (kind) => {
  let db: Database;

  beforeAll(async () => {
    db = await newDatabase(kind);
    await insertEvents(db, log);
    await aggregate(db, [period], { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
  });

  afterAll(() => db.close());

  test('days are compared in the minutes that both have, and what is left out is named', async () => {
    const said = async (locale: 'en' | 'ru') =>
      /<p id="change">(.*?)<\/p>/
        .exec((await render(db, { locale, ...period })).html)?.[1]
        ?.replaceAll(/<\/?(button|small)[^>]*>/g, '');
    // 2,898 against 2,760 events, not 3,024 against 2,760, which would be 9.6% more.
    expect(await said('en')).toBe(
      'On November 24 there were 3,024\u00a0events: 5.0% more than the day before (without 13:00–14:00). ' +
        'What moved most: Кино +138. Days are compared in the minutes that both have.',
    );
    expect(await said('ru')).toBe(
      '24 ноября — 3\u00a0024\u00a0события: на 5,0\u00a0% больше, чем накануне (без 13:00–14:00). ' +
        'Сильнее всего изменились: Кино +138. Дни сравниваются по минутам, за которые данные есть в оба дня.',
    );
  });

  test('a silence is in the page, in what render tells, in the status and in the checks', async () => {
    const { html, silences } = await render(db, { locale: 'en', ...period });
    expect(silences).toEqual([hole]);
    expect(readPayload(html).silences).toEqual([hole]);
    expect(html).toContain(
      '<span class="warning" id="silences">Suspicious silence: November 23, 2026, 13:00',
    );
    expect(html).not.toContain('No minute is missing');
    expect(html).toMatch(/class="mark-rect role-mark silences_marks"[^>]*>(<svg[^>]*>)?<path/);
    expect((await queryStatus(db, Date.now())).silences).toEqual([hole]);
    const checks = await runChecks(db, period);
    expect(checks.find(({ name }) => name === 'silence')).toEqual({
      name: 'silence',
      outcome: 'warned',
      text: '2026-11-23 13:00 up to, not including, 2026-11-23 14:00 UTC has not one event, in a busy time: check whether the feed failed.',
    });
  });

  test('a message about the page names it', async () => {
    const { html } = await render(db, { locale: 'ru', ...period });
    const ends = { from: 'zen@example.com', to: 'boss@example.com', attach: 0, filename: 'zen.html' };
    const message = await simpleParser(
      (await writeMail(Buffer.from(html), 'ru', readHistory(encode(readPayload(html)), 'ru'), ends)).source,
    );
    for (const part of [message.text, String(message.html)])
      expect(part).toContain('Подозрительная тишина: 23 ноября 2026');
    expect(message.subject).toContain('чем накануне (без 13:00–14:00)');
  });

  test('a page that has hours for minutes knows it from the minutes', async () => {
    const { html } = await render(db, { locale: 'en', ...period });
    const hours = coarsen(readPayload(html), [{ until: period.end, minutes: 60 }]);
    expect(cellsOf(hours, 'visits').minutes.length).toBeLessThan(100);
    expect(hours.silences).toEqual([hole]);
  });

  test('a page without a silence says that no minute is missing', async () => {
    const { html } = await render(db, { locale: 'en', start: monday + dayMs, end: period.end });
    expect(html).toContain('No minute is missing');
    expect(html).not.toContain('id="silences"');
  });
});
