import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { aggregate } from '../src/aggregate/aggregate.ts';
import { dayMs, minuteMs, parseTime } from '../src/time.ts';
import { newDatabase, temporaryFolder } from './support/databases.ts';
import { lackOf, openEngine } from './support/engines.ts';
import type { Engine } from './support/engines.ts';
import { insertEvents } from './support/log.ts';
import type { Sample } from './support/oracle.ts';
import { open } from './support/seen.ts';
import { render } from './support/page.ts';

/** Each day has as many topics; the page of the second has a title that takes many lines. */
const sizes = [5, 25, 75, 100, 500];
const firstDay = parseTime('2026-11-15');
const longTitle = 'Очень длинное название '.repeat(24).trim();
const folder = temporaryFolder();
const fileOf = (size: number) => join(folder, `${size}.html`);

beforeAll(async () => {
  const db = await newDatabase('server');
  const days = sizes.map((size, day) => ({
    size,
    start: firstDay + day * dayMs,
    end: firstDay + (day + 1) * dayMs,
  }));
  const log = days.flatMap(({ size, start }) =>
    Array.from({ length: 4 * size }, (_, at): Sample => ({
      ...{ ts: start + (at % 360) * minuteMs, user_id: at, item_topic: `Предмет ${at % size}` },
      ...{ source_topic: `Источник ${at % 5}`, age_segment: '18-25', event: at % 3 === 0 ? 'click' : 'show' },
    })),
  );
  await insertEvents(db, log);
  await aggregate(db, days, { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
  for (const { size, ...window } of days) {
    const title = size === sizes[1] ? longTitle : undefined;
    writeFileSync(fileOf(size), (await render(db, { ...window, locale: 'ru', minCell: 0, title })).html);
  }
  await db.close();
}, 120_000);

/** A word on a sheet, and the size of its letters, in points. */
interface Word {
  text: string;
  left: number;
  top: number;
  right: number;
  bottom: number;
  size: number;
}

/** The words of each sheet of a PDF, by Poppler. */
function readSheets(file: string): Word[][] {
  const zoom = 3; // beyond which it does not go
  const xml = execFileSync('pdftohtml', ['-xml', '-i', '-stdout', '-zoom', String(zoom), file], {
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
  const list = (text: string) =>
    Object.fromEntries(
      [...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
    );
  const fonts = new Map(
    [...xml.matchAll(/<fontspec ([^>]*)\/>/g)].map(([, text = '']) => {
      const { id, size, family } = list(text);
      // Of letters that are drawn as shapes (Type 3), Poppler knows no size, but how high they stand.
      return [id, family === 'Times' ? null : Number(size) / zoom];
    }),
  );
  return xml
    .split('<page ')
    .slice(1)
    .map((sheet) =>
      [...sheet.matchAll(/<text ([^>]*)>(.*?)<\/text>/g)]
        .map(([, given = '', text = '']) => {
          const { font, ...box } = list(given);
          const [left = 0, top = 0, width = 0, height = 0] = ['left', 'top', 'width', 'height'].map(
            (name) => Number(box[name]) / zoom,
          );
          const size = fonts.get(font) ?? height;
          return {
            text: text.replace(/<[^>]*>/g, '').trim(),
            left,
            top,
            right: left + width,
            bottom: top + height,
            size,
          };
        })
        .filter(({ text }) => text !== ''),
    );
}

const mm = 72 / 25.4;
const sheet = { width: 297 * mm, height: 210 * mm };

// WebKit's driver cannot print.
describe.each(['Chromium', 'Firefox'] as const)('on paper, by %s,', (name) => {
  const lack = lackOf(name) ?? (existsSync('/usr/bin/pdftohtml') ? null : 'poppler-utils');
  const run = lack === null ? test : test.skip;
  let engine: Engine | undefined;
  afterAll(async () => {
    await engine?.close();
  });

  run.each(sizes)(
    `a page of %i topics has its history, all topics with their heads, and room for a browser's own lines${lack === null ? '' : ` (skipped: this machine lacks ${lack})`}`,
    async (size) => {
      engine ??= await openEngine(name);
      await open(engine, pathToFileURL(fileOf(size)).href, false);
      const file = join(folder, `${name}-${size}.pdf`);
      writeFileSync(file, (await engine.print?.()) ?? '');
      const sheets = readSheets(file);
      const words = sheets.flat();
      expect(Math.min(...words.map(({ size }) => size))).toBeGreaterThanOrEqual(6);
      const beyond = words.filter(
        ({ left, top, right, bottom }) =>
          left < 11.5 * mm ||
          right > sheet.width - 11.5 * mm ||
          top < 13 * mm ||
          bottom > sheet.height - 13 * mm,
      );
      expect(beyond).toEqual([]);
      // From the axis of time up to the heading over the plot, without the lines of words between.
      const [first = []] = sheets;
      const hours = first.filter(({ text }) => /^0\d:00$/.test(text));
      const above = first.filter(({ text }) => text.startsWith('Из') || text.startsWith('Больше'));
      const [axis, over] = [
        Math.max(...hours.map(({ top }) => top)),
        Math.max(...above.map(({ bottom }) => bottom)),
      ];
      expect((axis - over) / mm).toBeGreaterThanOrEqual(60);
      const named = (one: Word[]) => one.filter(({ text }) => text.startsWith('Предмет'));
      expect(named(words).length).toBeGreaterThanOrEqual(size);
      for (const one of sheets.filter((one) => named(one).length > 0))
        expect(one.map(({ text }) => text)).toContain('Клики');
    },
    120_000,
  );
});
