import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { between, favour, mulberry32 } from '../fixtures/random.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Database } from '../src/db/database.ts';
import { useGroups } from '../src/log/named-groups.ts';
import { listCharts } from '../src/render/charts.ts';
import { useLayout } from '../src/render/layout.ts';
import { lengthen, queryPeople } from '../src/render/people.ts';
import { queryPayload } from '../src/render/tables.ts';
import { tabulatePayload } from '../src/shared/data/table.ts';
import { listRetention } from '../src/shared/people/retention.ts';
import { everything } from '../src/shared/selection.ts';
import type { Selection } from '../src/shared/selection.ts';
import { dayMs, minuteMs, parseTime } from '../src/time.ts';
import { kinds, newDatabase } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import type { Sample } from './support/oracle.ts';
import { render } from './support/page.ts';

const midnight = parseTime('2019-09-20');
const topics = ['Наука', '</script>', null, "О'Нил"];
const ages = ['18-25', '26-30', null];
const days = 9;

/** Nine whole days, and a morning; each user of one age, and at home in some of the days. */
function randomLog(): Sample[] {
  const random = mulberry32(77);
  return Array.from({ length: 900 }, (): Sample => {
    const user = between(random, 1, 70);
    return {
      ts: midnight + between(random, 0, days * 1440 + 300) * minuteMs,
      user_id: random() < 0.03 ? null : user,
      ...{ item_topic: favour(random, topics), source_topic: 'S', age_segment: ages[user % 3] ?? null },
      event: favour(random, ['show', 'show', 'show', 'click', 'view']),
    };
  });
}

/** By the database, from the log itself: the people of a day, and those of them who were there again within so many days. */
async function count(db: Database, day: number, within: number, { names }: Selection): Promise<number[]> {
  const isIn = (log: string) =>
    `${log}.event = 'show' and ($2 = '' or coalesce(${log}.item_topic, 'not set') = any (string_to_array($2, '|')))
     and ($3 = '' or coalesce(${log}.age_segment, 'not set') = any (string_to_array($3, '|')))`;
  const [row] = await db.query<{ people: number; back: number }>(
    `select
       count(distinct seen.user_id)::int as people,
       count(distinct seen.user_id) filter (where exists (
         select from log_raw as again
         where again.user_id = seen.user_id and ${isIn('again')}
           and again.ts >= $1::bigint + 86400000 and again.ts < $1::bigint + ($4::bigint + 1) * 86400000
       ))::int as back
     from log_raw as seen
     where seen.ts >= $1::bigint and seen.ts < $1::bigint + 86400000 and ${isIn('seen')}`,
    [day, names.item_topic?.join('|') ?? '', names.age_segment?.join('|') ?? '', within],
  );
  return [row?.people ?? NaN, row?.back ?? NaN];
}

describe.each(kinds)('on the %s database', (kind) => {
  let db: Database;

  beforeAll(async () => {
    useGroups({ two: ['Наука', "О'Нил"], young: ['18-25', '26-30'] });
    db = await newDatabase(kind);
    await insertEvents(db, randomLog());
    const window = { start: midnight, end: midnight + (days + 1) * dayMs };
    await aggregate(db, [window], { minute: 'floor', dryRun: false, jobs: 1, wait: 0, users: true });
  });

  afterAll(async () => {
    useGroups();
    useLayout({});
    await db.close();
  });

  test('of the people of a day, a topic, an age or a named group, those who came back are the ones that SQL counts', async () => {
    const period = { start: midnight, end: midnight + days * dayMs + 300 * minuteMs };
    const read = await queryPayload(db, period, [], { translate: (text) => text });
    const { people } = await queryPeople(db, read, (text) => text);
    if (!people) throw new Error('There are no people.');
    const choices = [
      {},
      { item_topic: ['Наука'] },
      { item_topic: ['not set'], age_segment: ['26-30'] },
      { item_topic: ["О'Нил", 'Наука'] },
      { item_topic: ['</script>'], age_segment: ['18-25', '26-30'] },
      { item_topic: ['Наука', '</script>'] },
    ];
    for (const returns of [people, lengthen(people, 1440, period.start)]) {
      const tables = tabulatePayload({ ...read, people: returns });
      for (const [number, names] of choices.entries())
        for (const [first, last] of [
          [0, 1],
          [2, 3],
          [6, 7],
          [1, 4],
          [0, 10],
        ] as const) {
          // prettier-ignore
          const end = Math.min(period.end, midnight + last * dayMs);
          const chosen: Selection = { period: [midnight + first * dayMs, end], names };
          const expected: number[][] = [];
          for (let within = 1; within <= 6; within++) {
            const each: number[][] = [];
            for (let day = first; day < Math.min(last, days - within); day++)
              each.push(await count(db, midnight + day * dayMs, within, chosen));
            if (each.length > 0)
              expected.push([0, 1].map((at) => each.reduce((sum, one) => sum + (one[at] ?? NaN), 0)));
          }
          const found = listRetention(tables, chosen);
          expect(found.map((row) => row.days)).toEqual(expected.map((_, at) => at + 1));
          if (number < 5) {
            expect([chosen, found.map((row) => [row.people_high, row.high])]).toEqual([chosen, expected]);
            expect(found.map((row) => [row.people_low, row.low])).toEqual(expected);
            expect(found.map((row) => row.share_low)).toEqual(
              expected.map(([of = NaN, back = NaN]) => back / of),
            );
          } else
            for (const [at, { low, high }] of found.entries()) {
              expect(low).toBeLessThanOrEqual(expected[at]?.[1] ?? NaN);
              expect(high).toBeGreaterThanOrEqual(expected[at]?.[1] ?? NaN);
            }
        }
    }
  });

  test('there are no rows without a whole day and one after it, nor where the days are not known of each other', async () => {
    const read = async (start: number, end: number) => {
      const payload = await queryPayload(db, { start, end }, [], { translate: (text) => text });
      return tabulatePayload({ ...payload, people: (await queryPeople(db, payload, (text) => text)).people });
    };
    const three = await read(midnight, midnight + 3 * dayMs);
    const hours = [6, 30].map((hour) => midnight + hour * 60 * minuteMs) as [number, number];
    expect(listRetention(three, { ...everything, period: hours })).toEqual([]);
    expect(
      listRetention(three, { ...everything, period: [midnight + 2 * dayMs, midnight + 3 * dayMs] }),
    ).toEqual([]);
    expect(listRetention(three, everything).map((row) => row.days)).toEqual([1, 2]);
    await db.run('update dash_users set reach = 1 where dt = $1::timestamp', ['2019-09-22']);
    // The third day no longer knows the first: of the second day, those of the third are known.
    const cut = await read(midnight, midnight + 3 * dayMs);
    expect(listRetention(cut, everything).map((row) => row.days)).toEqual([1]);
    await db.run('update dash_users set reach = 2 where dt = $1::timestamp', ['2019-09-22']);
  });

  test('the chart stands on a page only where zen.json names it', async () => {
    expect(listCharts()).not.toContain('retention');
    useLayout({ panels: ['history', 'retention'] });
    const { html } = await render(db, { locale: 'ru', end: midnight + days * dayMs, minCell: 1 });
    useLayout({});
    const [, finding = ''] = /id="retention"[^]*?class="finding"[^>]*>([^<]*)</.exec(html) ?? [];
    const text =
      'Из увидевших карточки за день # видели карточки и на следующий день, а # — в течение 6 дней.';
    expect(finding.replaceAll(/\s/g, ' ').replaceAll(/\d+,\d %/g, '#')).toBe(text);
  });
});
