import { mulberry32 } from '../../fixtures/random.ts';
import { dayMs, minuteMs, parseTime } from '../../src/time.ts';
import type { Sample } from './oracle.ts';

export const first = parseTime('2019-09-22');
export const hole = [parseTime('2019-09-23 13:00'), parseTime('2019-09-23 14:00')] as const;
export const spike = parseTime('2019-09-24 18:40');
export const topics = ['Наука', 'Россия', 'Дети', 'Кино', 'Шоу', 'Семья'];
/** Names that browsers might write, order, search or put into a link in ways of their own. */
export const oddTopics = [
  '\u202Eправо налево\u202C',
  'שלום (1), мир',
  '<bdi>Ｆｕｌｌ　ｗｉｄｔｈ</bdi>',
  '👩‍👩‍👧 семья 🇷🇺',
  '</script><b>жирно</b>',
  `"кавычки" 'и' \`так\``,
  'a&amp;b=c#d%20e+f',
  'Ёлка\u00A0é e\u0301',
];
/** Groups of topics, one of whose names is odd, too. */
export const namedGroups = { Шум: ['Скандалы', ...oddTopics.slice(4)], 'Дом "&" <i>': oddTopics.slice(0, 4) };

/** An event in each third hour of each odd topic, from sources of such names. */
export function inventOddNames(): Sample[] {
  return oddTopics.flatMap((item_topic, at) =>
    Array.from({ length: 24 }, (_, step) => ({
      ...{ ts: first + (step * 180 + at) * minuteMs, user_id: step, item_topic },
      ...{ source_topic: oddTopics[(at + step) % 3] ?? null, age_segment: '45+' },
      event: step % 4 === 0 ? 'click' : 'show',
    })),
  );
}

/**
 * Two or three events a minute for three days, one hour of them missing. Дети doubles on the third day; Скандалы is there in one minute
 * alone; Кино is clicked three times as often as others; readers of 18-25 click less in Наука; what is shown in Шоу comes from Россия.
 */
export function inventDays(): Sample[] {
  const random = mulberry32(3);
  const rows: Sample[] = [];
  const add = (ts: number, item_topic: string) => {
    const age_segment = random() < 0.5 ? '18-25' : '45+';
    const source_topic = item_topic === 'Шоу' ? 'Россия' : random() < 0.5 ? 'Семья' : 'Россия';
    const at = { ts, user_id: Math.floor(random() * 1e6), item_topic, age_segment, source_topic };
    rows.push({ ...at, event: 'show' });
    const rate = item_topic === 'Кино' ? 0.6 : item_topic === 'Наука' && age_segment === '18-25' ? 0.05 : 0.2;
    if (random() < rate) rows.push({ ...at, event: 'click' });
  };
  for (let ts = first; ts < first + 3 * dayMs; ts += minuteMs) {
    if (ts >= hole[0] && ts < hole[1]) continue;
    for (const topic of [topics[Math.floor(random() * 6)], topics[Math.floor(random() * 6)]])
      for (let time = 0; time < (topic === 'Дети' && ts >= first + 2 * dayMs ? 2 : 1); time++)
        add(ts, topic ?? '');
    if (ts === spike) for (let time = 0; time < 300; time++) add(ts, 'Скандалы');
  }
  return rows;
}
