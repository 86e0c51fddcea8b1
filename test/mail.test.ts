import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { simpleParser } from 'mailparser';
import type { ParsedMail } from 'mailparser';
import { aggregate } from '../src/aggregate/aggregate.ts';
import { readHistory } from '../src/mail/history.ts';
import { addKey } from '../src/mail/key.ts';
import { writeMail } from '../src/mail/mail.ts';
import { encode } from '../src/shared/data/payload.ts';
import { parseTime } from '../src/time.ts';
import { openBrowser } from './support/browser.ts';
import { newDatabase, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import type { Sample } from './support/oracle.ts';
import { readPayload } from './support/payload.ts';
import { relay } from './support/relay.ts';
import { call, start } from './support/zen.ts';
import type { Outcome } from './support/zen.ts';
import { render } from './support/page.ts';

const cwd = temporaryFolder();
const page = join(cwd, 'zen.html');
const english = join(cwd, 'english.html');
const title = 'Карточки </p><script>alert(1)</script> & "все"';

/** Two days: 3 shows and a view in each hour of the first, twice as many in the second, of 4 users each. */
const log: Sample[] = [1, 2].flatMap((times, day) =>
  Array.from({ length: 24 * times }, (_, index) => index).flatMap((index) =>
    ['show', 'show', 'show', 'view'].map((event, user_id) => ({
      ts: parseTime('2026-11-21') + day * 86_400_000 + Math.floor(index / times) * 3_600_000 + index,
      ...{ user_id, event, item_topic: user_id % 2 ? 'Наука' : '<b>Кино</b>' },
      ...{ source_topic: 'Спорт', age_segment: '18-25' },
    })),
  ),
);

const ends = ['--from', 'zen@example.com', '--to', 'Анна <anna@example.com>, boss@example.com'];
const mail = (...args: string[]): Promise<Outcome> => call(['mail', ...args], { cwd });

beforeAll(async () => {
  const db = await newDatabase('server');
  await insertEvents(db, log);
  const days = [21, 22].map((day) => ({
    start: parseTime(`2026-11-${day}`),
    end: parseTime(`2026-11-${day + 1}`),
  }));
  await aggregate(db, days, { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
  const period = { start: parseTime('2026-11-21'), end: parseTime('2026-11-23') };
  writeFileSync(page, (await render(db, { ...period, locale: 'ru', title })).html);
  writeFileSync(english, (await render(db, { ...period, locale: 'en' })).html);
  await db.close();
});

describe('a message about a page', () => {
  let message: ParsedMail;
  let source = '';

  beforeAll(async () => {
    const { code, stdout, stderr } = await mail(
      page,
      ...ends,
      '--url',
      'https://example.com/zen.html?a=1&b=2',
      '--attach',
    );
    expect([code, stderr]).toEqual([0, '']);
    source = stdout;
    message = await simpleParser(source);
  });

  test('is addressed, and its subject tells what changed', () => {
    expect(message.from?.value).toEqual([{ address: 'zen@example.com', name: '' }]);
    expect([message.to].flat().flatMap((list) => list?.value ?? [])).toEqual([
      { address: 'anna@example.com', name: 'Анна' },
      { address: 'boss@example.com', name: '' },
    ]);
    expect(message.subject).toMatch(
      /^Карточки .*: 22 ноября .* 192\sсобытия: на 100,0\s% больше, чем накануне$/,
    );
    expect(message.messageId).toMatch(/^<.+@.+>$/);
    expect(message.date?.getTime()).toBeGreaterThan(parseTime('2026-01-01'));
  });

  test('goes over the wire as lines of ASCII that are not too long', () => {
    expect(source).toMatch(/^[\t\r\n -~]*$/);
    expect(Math.max(...source.split('\r\n').map((line) => line.length))).toBeLessThan(999);
    expect(source.trimEnd().replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });

  test('says the numbers in text and in HTML, in which names are text', () => {
    const { text = '', html } = message;
    expect(text).toContain(title);
    expect(text).toContain('События: 288');
    expect(text).toContain('https://example.com/zen.html?a=1&b=2');
    for (const part of ['>288<', 'href="https://example.com/zen.html?a&#x3D;1&amp;b&#x3D;2"'])
      expect([part, String(html).includes(part)]).toEqual([part, true]);
    expect(String(html)).not.toMatch(/<script|<b>/);
  });

  test('holds its picture, and asks for nothing from elsewhere', () => {
    const html = String(message.html);
    const loaded = [...html.matchAll(/(?:src|background|srcset)="([^"]*)"|url\(([^)]*)\)/g)].map(
      ([, src]) => src,
    );
    expect(loaded.every((src) => src?.startsWith('data:image/png;base64,'))).toBe(true);
    expect(loaded).toHaveLength(1);
    const picture = message.attachments.find(({ cid }) => cid === 'history@zen');
    expect(picture?.content.subarray(1, 4).toString()).toBe('PNG');
    expect(picture?.content.readUInt32BE(16)).toBe(1200);
    expect(picture?.content.length).toBeGreaterThan(5000);
  });

  // What Gmail, Outlook of Windows (which draws by Word), Outlook.com, Apple Mail, Yahoo and Mail.ru all heed, by caniemail.com.
  test('is built of what all large mail programs draw', () => {
    const html = String(message.html);
    const tags = [...html.matchAll(/<([a-z][a-z0-9]*)((?:\s+[a-z-]+="[^"]*")*)\s*>/g)].map(
      ([, name = '', list = '']) => ({
        name,
        attributes: Object.fromEntries(
          [...list.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
        ),
      }),
    );
    expect(new Set(tags.map(({ name }) => name))).toEqual(
      new Set(['html', 'head', 'meta', 'title', 'body', 'table', 'tr', 'td', 'h1', 'strong', 'img', 'a']),
    );
    expect(html).not.toMatch(/<style|<link|\s(class|id)=|!important/);
    const known: Record<string, string[]> = {
      margin: ['body', 'h1'],
      padding: ['td'],
      'max-width': ['table', 'img'],
      width: ['table', 'img'],
      height: ['img'],
      display: ['img'],
      'text-decoration': ['a'],
      'text-align': ['table'],
      'border-radius': ['td'], // Outlook's corners are square
      'background-color': ['body', 'td'],
      ...Object.fromEntries(['color', 'font-size', 'line-height', 'font-family'].map((name) => [name, []])),
      border: ['img'],
    };
    const unknown = tags.flatMap(({ name, attributes: { style = '' } }) =>
      style
        .split(';')
        .map((rule) => rule.split(':')[0] ?? '')
        .filter((property) => property !== '')
        .filter(
          (property) => !(property in known) || (known[property]?.length && !known[property].includes(name)),
        )
        .map((property) => `${property} of ${name}`),
    );
    expect(unknown).toEqual([]);
    const of = (wanted: string) =>
      tags.filter(({ name }) => name === wanted).map(({ attributes }) => attributes);
    for (const table of of('table'))
      expect(table).toMatchObject({ role: 'presentation', border: '0', cellpadding: '0', cellspacing: '0' });
    // Outlook heeds no max-width: what has one has a width of its own, too.
    const wide = tags.filter(({ attributes: { style } }) => style?.includes('max-width'));
    expect(wide.map(({ attributes: { width } }) => width)).toEqual(['600', '600']);
    expect(of('img')).toEqual([
      expect.objectContaining({ width: '600', alt: 'События по минутам и темам карточек' }),
    ]);
  });

  test('has the page with it, byte by byte', () => {
    const attached = message.attachments.find(({ filename }) => filename === 'zen.html');
    expect(attached?.contentType).toBe('text/html');
    expect(attached?.content.equals(readFileSync(page))).toBe(true);
  });
});

test('a message is too short for Gmail to cut it off, whatever the page says, and fits 320 px with images off', async () => {
  const html = readFileSync(page, 'utf8');
  const long = `"=&<'`.repeat(2_000);
  const said = ['title', 'warning', 'change', 'silences', 'summary', 'events', 'peak', 'views'];
  const words = { ...Object.fromEntries(said.map((name) => [name, long])), findings: Array(99).fill(long) };
  const written = async (text: string) => {
    const history = readHistory(encode(readPayload(html)), 'ru');
    const options = {
      from: 'a@b.c',
      to: 'd@e.f',
      url: 'https://example.com',
      attach: 0,
      filename: 'zen.html',
    };
    const { source } = await writeMail(Buffer.from(text), 'ru', history, options);
    return String((await simpleParser(source, { skipImageLinks: true })).html);
  };
  const longest = await written(
    html.replace(
      /(id="settings">).*?(<\/script>)/s,
      `$1${JSON.stringify({ words }).replaceAll('<', '\\u003c').replaceAll('$', '$$$$')}$2`,
    ),
  );
  expect(longest).toContain('&quot;&#x3D;&amp;&lt;');
  expect(Buffer.byteLength(longest)).toBeLessThan(102_000);
  const browser = await openBrowser();
  const reader = await browser.newPage({ viewport: { width: 320, height: 600 } });
  await reader.setContent(await written(html)); // a picture by cid is none to a browser
  expect(await reader.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  expect(await reader.innerText('body')).toContain('События: 288');
  await browser.close();
});

test('the key of the picture is drawn in it, in rows that fit, whatever the names are', () => {
  const names = [
    'Наука',
    'a</text><b>&"',
    '\u202Eевс\u0000',
    'Очень длинное название темы, без конца',
    'Дом',
    'Шоу',
  ];
  const entries = names.map((name, at) => ({ name, color: at === 1 ? 'red"/><x y="' : `#00000${at}` }));
  const svg = addKey('<svg width="300" height="150" viewBox="0 0 300 150"><g/></svg>\n', entries);
  const texts = [...svg.matchAll(/<text x="([^"]*)" y="([^"]*)"[^>]*>([^<]*)<\/text>/g)];
  expect(texts.map(([, , , text]) => text)).toEqual([
    'Наука',
    'a&lt;/text&gt;&lt;b&gt;&amp;&quot;',
    'евс',
    'Очень длинное название те…',
    'Дом',
    'Шоу',
  ]);
  expect(svg).toContain('fill="red&quot;/&gt;&lt;x y&#x3D;&quot;"');
  // Half as wide as in a message, where it is 300 high: two rows of 22 beneath that, and half a row. By letters of 8.58, the marks
  // before the names and the gaps, five names end at 581 of 600.
  expect(texts.map(([, , y]) => Number(y))).toEqual([322, 322, 322, 322, 322, 344]);
  expect(svg).toMatch(/^<svg width="300" height="177.5" viewBox="0 0 300 177.5"><g\/><g /);
  const sign = addKey('<svg height="1" viewBox="0 0 600 1"></svg>', [{ name: '$& $$', color: 'red' }]);
  expect(sign).toMatch(/>\$&amp; \$\$<\/text><\/g><\/svg>$/);
});

test('the page stays behind unless it is asked for, and a message without a way to it is told', async () => {
  const attached = async (...more: string[]) => {
    const { code, stdout, stderr } = await mail(page, ...ends, ...more);
    const { attachments } = await simpleParser(stdout);
    return [code, stderr, attachments.map(({ filename }) => filename)];
  };
  const link = ['--url', 'https://example.com/zen.html'];
  expect(await attached(...link)).toEqual([0, '', ['zen.png']]);
  expect(await attached('--attach', '8')).toEqual([0, '', ['zen.png', 'zen.html']]);
  expect(await attached()).toEqual([
    0,
    'The message has no way to the page: say where it can be opened (--url), or send it along (--attach).\n',
    ['zen.png'],
  ]);
});

test('a page that is too large stays behind; the message is in the language of the page', async () => {
  const out = join(cwd, 'zen.eml');
  const { code, stdout } = await mail(english, ...ends, '--attach', '0.1', '--out', out, '--json');
  expect([code, JSON.parse(stdout)]).toEqual([
    0,
    {
      file: out,
      subject: expect.stringMatching(/^Zen: .*192\sevents: 100\.0% more than the day before$/),
      bytes: expect.any(Number),
      attached: false,
    },
  ]);
  const { text, attachments } = await simpleParser(readFileSync(out));
  expect(text).toContain('Events: 288');
  expect(text).not.toContain('attached');
  expect(attachments.map(({ contentType }) => contentType)).toEqual(['image/png']);
});

test('a relay takes it as it is, and passes on the same', async () => {
  const { stdout: raw } = await mail(page, ...ends);
  expect((await relay(raw)).toString('latin1').trimEnd()).toBe(raw.trimEnd());
});

test('a reader that leaves after the first lines ends it quietly', async () => {
  const { child, outcome } = start(['mail', page, ...ends, '--attach'], { cwd });
  child.stdout?.once('data', () => child.stdout?.destroy());
  const { code, stderr } = await outcome;
  expect([code, stderr]).toEqual([0, '']);
});

test('a page that was changed is not sent', async () => {
  const changed = join(cwd, 'changed.html');
  writeFileSync(changed, readFileSync(page, 'utf8').replace('"events":288', '"events":289'));
  const { code, stdout, stderr } = await mail(changed, ...ends);
  expect([code, stdout, stderr]).toEqual([
    5,
    '',
    expect.stringContaining('is not what it states: see zen verify'),
  ]);
});

test.each([
  [
    'never ends in time',
    'length(join(sequence(99))) + '.repeat(20) + '0',
    'it calculates for more than 30 s',
  ],
  ['fails', 'datum.item_topic.of.length', 'Cannot read properties of undefined'],
])("a project's chart of the history that %s is named in a sentence", async (_, calculate, why) => {
  const project = temporaryFolder();
  const chart = JSON.parse(readFileSync('templates/charts/history.vl.json', 'utf8')) as {
    transform: object[];
  };
  chart.transform.push(...Array.from({ length: 500 }, (_, at) => ({ calculate, as: `own${at}` })));
  mkdirSync(join(project, 'templates/charts'), { recursive: true });
  writeFileSync(join(project, 'zen.json'), '{}');
  writeFileSync(join(project, 'templates/charts/history.vl.json'), JSON.stringify(chart));
  const run = Reflect.get(Script.prototype, 'runInContext') as () => unknown;
  const spy = jest.spyOn(Script.prototype, 'runInContext').mockImplementation(function (
    this: Script,
    context,
  ) {
    return Reflect.apply<Script, unknown[], unknown>(run, this, [context, { timeout: 200 }]); // nobody waits for 30 s
  });
  const { code, stdout, stderr } = await mail(page, ...ends, '--project', project);
  spy.mockRestore();
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(`templates/charts/history.vl.json cannot be drawn: ${why}`);
  expect(stderr).toMatch(/\. Mend it as docs\/charts\.md says, or take it away\.\n$/);
});

test('the message never takes the place of the page', async () => {
  const before = readFileSync(page, 'utf8');
  const env = { ZEN_OUT: page };
  const shared = await call(['mail', page, ...ends, '--attach'], { cwd, env });
  expect([shared.code, shared.stderr, shared.stdout]).toEqual([
    0,
    '',
    expect.stringContaining('MIME-Version: 1.0'),
  ]);
  symlinkSync(page, join(cwd, 'link.html'));
  for (const [file, out] of [
    [page, 'zen.html'],
    [page, 'link.html'],
    ['link.html', page],
  ] as const) {
    const { code, stdout, stderr } = await mail(file, ...ends, '--out', out);
    expect([code, stdout, stderr]).toEqual([
      2,
      '',
      `${out} is the page: name another file for the message.\n`,
    ]);
  }
  expect(readFileSync(page, 'utf8')).toBe(before);
});

test.each([
  ['--to', 'nobody', 'is not an address: write it as name@example.com'],
  ['--to', 'a@example.com\nBcc: b@example.com', 'is not an address'],
  ['--from', 'a@example.com, ', 'is not an address'],
  ['--url', 'javascript:alert(1)', 'is not a URL'],
])('%s %j is refused', async (name, value, said) => {
  const { code, stdout, stderr } = await mail(page, ...ends, name, value);
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(said)]);
});
