import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Database } from '../src/db/database.ts';
import { queryChange } from '../src/render/change.ts';
import { readLocale } from '../src/render/locale.ts';
import { describeChange, joinChange } from '../src/shared/text/change.ts';
import { writer } from '../src/shared/text/format.ts';
import { dayMs, parseTime } from '../src/time.ts';
import { kinds, newDatabase } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { render } from './support/page.ts';

const day = parseTime('2026-11-23');
const plain = (text: string) => text;

/** Makes so many events of a topic on the day that many days before. */
function happen(before: number, topic: string | null, events: number) {
  return Array.from({ length: events }, (_, at) => ({
    ts: day - before * dayMs + (at + 1) * 1_000_000,
    user_id: at,
    item_topic: topic,
    source_topic: 'Дети',
    age_segment: '18-25',
    event: 'show',
  }));
}

const log = [
  ...[happen(0, 'Наука', 9), happen(0, '</script>', 3), happen(0, null, 2)],
  ...[happen(1, 'Наука', 4), happen(1, '</script>', 6), happen(1, 'Кино', 1), happen(1, null, 2)],
  ...[happen(7, 'Наука', 14)],
].flat();

const whole = (before: number) => ({ start: day - before * dayMs, end: day - (before - 1) * dayMs });

describe.each(kinds)('on the %s database', (kind) => {
  let db: Database;

  beforeAll(async () => {
    db = await newDatabase(kind);
  });

  afterAll(() => db.close());

  const fill = async (windows: { start: number; end: number }[]) => {
    await db.run('drop table if exists log_raw, dash_visits, dash_engagement, dash_users, zen_runs');
    await insertEvents(db, log);
    await aggregate(db, windows, { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
  };

  test('the last whole day is told beside the day before and a week before, with the topics that moved most', async () => {
    await fill([whole(7), whole(1), whole(0)]);
    const change = await queryChange(db, { start: day - dayMs, end: day + dayMs }, plain);
    expect(change).toEqual({
      ...{ day, events: 14 },
      ...{ dayBefore: { now: 14, then: 13, left: [] }, weekBefore: { now: 14, then: 14, left: [] } },
      topics: [
        { name: 'Наука', by: 5 },
        { name: '</script>', by: -3 },
        { name: 'Кино', by: -1 },
      ],
    });
    const said = async (locale: 'en' | 'ru') => {
      const { html } = await render(db, { locale, start: day, end: day + dayMs });
      return /<p id="change">(.*?)<\/p>/.exec(html)?.[1]?.replaceAll(/<\/?(button|small)[^>]*>/g, '');
    };
    expect(await said('en')).toBe(
      'On November 23 there were 14\u00a0events: 7.7% more than the day before, as many as a week before. ' +
        'What moved most: Наука +5, &lt;/script&gt; −3, Кино −1.',
    );
    expect(await said('ru')).toBe(
      '23 ноября — 14\u00a0событий: на 7,7\u00a0% больше, чем накануне, столько же, сколько неделей раньше. ' +
        'Сильнее всего изменились: Наука +5, &lt;/script&gt; −3, Кино −1.',
    );
  });

  test('minutes that were not aggregated are not compared, as minutes without events are', async () => {
    await fill([whole(7), { start: day - dayMs + 60_000, end: day }, whole(0)]);
    const change = await queryChange(db, { start: day, end: day + dayMs }, plain);
    expect(change).toMatchObject({
      events: 14,
      dayBefore: { now: 14, then: 13, left: [{ start: 0, end: 60_000 }] },
      weekBefore: { now: 14, then: 14, left: [] },
      topics: [{ name: 'Наука', by: 5 }, {}, {}],
    });
    await fill([whole(7), { start: day - dayMs, end: day - dayMs + 30 * 60_000 }, whole(0)]);
    expect(await queryChange(db, { start: day, end: day + dayMs }, plain)).toMatchObject({
      ...{ dayBefore: null, weekBefore: { now: 14, then: 14, left: [] } },
      topics: [{ name: 'Наука', by: -5 }, {}, {}],
    });
    await fill([whole(0)]);
    expect(await queryChange(db, { start: day, end: day + dayMs }, plain)).toBeNull();
    await fill([whole(1), whole(0)]);
    expect(await queryChange(db, { start: day + 1, end: day + dayMs }, plain)).toBeNull();
    expect(await queryChange(db, { start: day - dayMs, end: day + dayMs - 1 }, plain)).toBeNull();
  });
});

test('a rise from nothing has no percentage', () => {
  const english = writer(readLocale('en'));
  const change = {
    ...{ day, events: 1, topics: [] },
    ...{ dayBefore: { now: 1, then: 0, left: [] }, weekBefore: { now: 1, then: 4, left: [] } },
  };
  expect(joinChange(describeChange(change, english))).toBe(
    'On November 23 there were 1\u00a0event: none the day before, 75.0% less than a week before.',
  );
});
