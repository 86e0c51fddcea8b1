import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { aggregate } from '../src/aggregate/aggregate.ts';
import { writePage } from '../src/output.ts';
import { toCsv } from '../src/shared/text/data-table.ts';
import { isolate } from '../src/shared/text/names.ts';
import { parseTime } from '../src/time.ts';
import { openBrowser } from './support/browser.ts';
import { newDatabase, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { render } from './support/page.ts';

const noon = parseTime('2026-11-22 12:00');
/** Of 5, 4, 3 … events: an override, one behind its own end, an isolate without one, letters from right to left. */
const names = ['\u202eabc', '\u2069\u202eabc', '\u2067abc', 'שלום', '\u200fabc', 'plain'];

let browser: Browser;
const files = { ru: '', en: '' };

beforeAll(async () => {
  browser = await openBrowser();
  const db = await newDatabase('server');
  await insertEvents(
    db,
    names.flatMap((name, at) =>
      Array.from({ length: 2 * (names.length - at) }, (_, event) => ({
        ts: noon + event * 60_000,
        ...{ user_id: event, item_topic: name, source_topic: name, age_segment: name },
        event: ['show', 'click', 'view'][event % 3] ?? '',
      })),
    ),
  );
  const options = { minute: 'floor', dryRun: false, jobs: 1, wait: 0 } as const;
  await aggregate(db, [{ start: noon, end: noon + 30 * 60_000 }], options);
  for (const locale of ['ru', 'en'] as const) {
    files[locale] = join(temporaryFolder(), 'zen.html');
    await writePage(files[locale], (await render(db, { locale })).html);
  }
  await db.close();
});

afterAll(() => browser.close());

async function open(locale: 'ru' | 'en', hash = ''): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(`${pathToFileURL(files[locale]).href}${hash}`);
  await page.waitForSelector('html[data-zen=ready]');
  return page;
}

/** Where each character of an element's text stands, on whatever line: the words of zen's own, in its own order. */
function places(page: Page, selector: string, words: string): Promise<number[]> {
  return page.$eval(
    selector,
    (element, words) => {
      const node = [...element.childNodes].find((child) => child.textContent?.includes(words));
      const from = node?.textContent?.indexOf(words) ?? -1;
      return Array.from(words, (_, at) => {
        const range = document.createRange();
        range.setStart(node ?? element, from + at);
        range.setEnd(node ?? element, from + at + 1);
        return range.getBoundingClientRect().left;
      });
    },
    words,
  );
}

describe('a name’s directional marks', () => {
  test('change the order of nothing around it on the page', async () => {
    const page = await open('en');
    for (const [selector, words] of [
      ['#history .finding', '12 events, 28.6%.'],
      ['#sources .finding', ' make up 71.4%.'],
    ] as const) {
      const found = await places(page, selector, words.replace('12 events', '12\u00a0events'));
      expect([selector, found.length]).toEqual([selector, words.length]);
      expect(found).toEqual(found.toSorted((a, b) => a - b));
    }
    await page.click('#topics .name >> nth=0');
    const summary = await page.textContent('#summary');
    expect(summary).toContain('topics: \u2068\u202eabc\u2069');
    const isolated = await page.$$eval('.name, #sources td', (all) =>
      all.every((element) => getComputedStyle(element).unicodeBidi === 'isolate'),
    );
    expect(isolated).toBe(true);
    await page.close();
  });

  test.each([
    ['plain', 'plain'],
    ['Наука, <b>', 'Наука, <b>'],
    ['\u202eabc', '\u2068\u202eabc\u2069'],
    ['\u2069\u202eabc', '\u2068\u202eabc\u2069'],
    ['a\u2067b\u2068c\u2069d', '\u2068a\u2067b\u2068c\u2069d\u2069\u2069'],
    ['\u2069\u2069\u2066x\u2069\u2069', '\u2068\u2066x\u2069\u2069'],
    ['שלום\nx', '\u2068שלום x\u2069'],
  ])('end with it in a sentence: %j', (name, said) => {
    expect(isolate(name)).toBe(said);
  });
});

describe('a link', () => {
  test.each([
    ['en', 'Not in this file: 2\u00a0names of the link.'],
    ['ru', 'Нет в этом файле: 2\u00a0названия из ссылки.'],
  ] as const)('puts none of its own text on the page: %s', async (locale, said) => {
    const text = 'Your session expired, call 555';
    const page = await open(
      locale,
      `#topics=${encodeURIComponent(text)},plain&ages=${encodeURIComponent(text)}`,
    );
    expect(await page.textContent('#notice')).toBe(said);
    expect(await page.innerText('body')).not.toContain('555');
    expect(await page.$eval('#topics', (topics) => (topics as unknown as { value: string[] }).value)).toEqual(
      ['plain'],
    );
    await page.close();
  });
});

describe('a CSV', () => {
  const columns = [{ field: 'topic', title: 'Topic', kind: 'text' as const }];
  const comma = { decimal: '.' };

  test('has no formula, whichever width its sign has, or what space stands before it', () => {
    const signs = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n', ' =', '\u00a0@'];
    const csv = toCsv({ columns, body: signs.map((sign) => [`${sign}1+1`]) }, comma);
    expect(csv.match(/(?<=^")'/gm)).toHaveLength(signs.length);
    expect(toCsv({ columns, body: [['1=1 ＝']] }, comma)).toContain('\r\n"1=1 ＝"\r\n');
  });

  test('quotes every text, and has a decimal comma and semicolons where the language has', () => {
    const sheet = {
      columns: [
        { field: 'dt', title: 'Minute, UTC', kind: 'time' as const },
        { field: 'topic', title: 'Topic; or\tnot', kind: 'text' as const },
        { field: 'share', title: 'Share, of 1', kind: 'share' as const },
      ],
      body: [
        [Date.UTC(2019, 8, 24, 18, 53), 'x;=2+3', 0.1],
        [Date.UTC(2019, 8, 24), 'a "b"\t\n', 1 / 4e6],
        [0, '', null],
      ],
    };
    expect(toCsv(sheet, { decimal: ',' })).toBe(
      '\uFEFF"Minute UTC";"Topic or not";"Share of 1"\r\n2019-09-24 18:53;"x;=2+3";0,1\r\n' +
        '2019-09-24 00:00;"a ""b""\t\n";0,00000025\r\n1970-01-01 00:00;"";\r\n',
    );
    expect(toCsv(sheet, comma)).toMatch(
      /^\uFEFF"Minute UTC","Topic or not","Share of 1"\r\n2019-09-24 18:53,"x;=2\+3",0.1\r/,
    );
  });
});
