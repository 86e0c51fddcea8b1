import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../src/db/database.ts';
import { openDatabase } from '../src/db/open.ts';
import { openBackup } from '../src/restore/formats/detect.ts';
import { restore as load } from '../src/restore/restore.ts';
import type { Restored } from '../src/restore/restore.ts';
import { writeArchive } from './support/archive.ts';
import { kinds, newDatabase, newUrl, temporaryFolder } from './support/databases.ts';
import { call, start, zen } from './support/zen.ts';

const names = ['ts', 'event_id', 'user_id', 'event', 'item_topic', 'source_topic', 'age_segment'];

interface Event {
  user?: string;
  event?: string;
  topic?: string;
}

function csv(events: Event[]): string {
  const rows = events.map(
    ({ user = '7', event = 'show', topic = 'Наука' }, id) =>
      `${1569348000000 + id},${id},"${user}",${event},${topic},Кино,18-25\n`,
  );
  return `${names.join(',')}\n${rows.join('')}`;
}

function users(...written: string[]): string {
  return csv(written.map((user) => ({ user })));
}

/** More than are read before the first of them are sent. */
const many = Array.from({ length: 20_000 }, (_, index) => String(100 + (index % 10)));

function write(content: string | Buffer): string {
  const file = join(temporaryFolder(), 'log.csv');
  writeFileSync(file, content);
  return file;
}

let db: Database;
afterEach(() => db.close());

async function restore(content: string | Buffer, nulls: string[] = [], append = false): Promise<Restored> {
  const backup = await openBackup(write(content));
  try {
    return await load(db, backup, { append, nulls });
  } finally {
    await backup.close();
  }
}

async function heldUsers(): Promise<unknown[]> {
  const rows = await db.query<{ user_id: unknown }>('select distinct user_id from log_raw order by 1');
  return rows.map(({ user_id }) => user_id);
}

describe.each(kinds)('in the %s database', (kind) => {
  test.each([
    ['among the first rows', ['7', 'NULL', '8', 'NULL']],
    ['in a late row', [...many, 'NULL', 'NULL']],
  ])('a word for NULL among numbers is refused with the option that reads it, %s', async (_, written) => {
    db = await newDatabase(kind);
    await restore(users('1'));
    await expect(restore(users(...written))).rejects.toThrow(
      'user_id has “NULL” × 2 among numbers, which would be counted as an id. Say --null NULL if that means NULL.',
    );
    expect(await heldUsers()).toEqual([1]);
    const { summary, odd } = await restore(users(...written), ['NULL']);
    expect(summary.nulls).toEqual({ user_id: 2 });
    expect(odd).toEqual([]);
    expect(await heldUsers()).toEqual([
      ...new Set(written.filter((user) => user !== 'NULL').map(Number)),
      null,
    ]);
  });

  test('whole numbers that are written otherwise are read as what they are, and named', async () => {
    db = await newDatabase(kind);
    const written = ['12', '12.0', '+12', ' 12 ', '1,234,567', '9007199254740993.0', '-0'];
    const { odd } = await restore(users(...many, ...written));
    expect(await db.query('select distinct user_id::text as id from log_raw order by 1')).toEqual(
      ['0', ...many.slice(0, 10), '12', '1234567', '9007199254740993'].sort().map((id) => ({ id })),
    );
    expect(odd).toMatchObject([{ column: 'user_id', kept: 'numbers', numbers: 20_001, others: 6 }]);
  });

  test('an id that is no number makes its column text, which names such ids', async () => {
    db = await newDatabase(kind);
    const { odd } = await restore(users(...many, 'u-1', 'u-1', '007'));
    expect(odd).toEqual([
      {
        ...{ column: 'user_id', kept: 'text', numbers: 20_000, others: 3 },
        examples: [
          ['u-1', 2],
          ['007', 1],
        ],
      },
    ]);
    expect(await heldUsers()).toEqual(['007', ...many.slice(0, 10), 'u-1']);
  });

  test('into a column of texts, numbers are looked at as into one of numbers', async () => {
    db = await newDatabase(kind);
    await restore(users('u-1'));
    await expect(restore(users(...many, 'NaN'))).rejects.toThrow('user_id has “NaN” × 1 among numbers');
    await restore(users(...many, '100.0'));
    expect(await heldUsers()).toEqual(many.slice(0, 10));
    await expect(restore(users(...many, 'nil'), [], true)).rejects.toThrow('“nil” × 1 among numbers');
  });

  test('words for NULL that are names are told, with how often, whether or not the rows were counted as they passed', async () => {
    db = await newDatabase(kind);
    const events = [{ topic: 'None' }, { topic: '#N/A' }, { topic: 'None', user: 'u-1' }, { user: 'nan' }];
    const words = [
      { column: 'item_topic', word: 'None', events: 2 },
      { column: 'item_topic', word: '#N/A', events: 1 },
      { column: 'user_id', word: 'nan', events: 1 },
    ];
    const texts = csv([{ user: 'u-2' }, ...events.map((event) => ({ user: 'u-3', ...event }))]);
    expect((await restore(texts, ['nil'])).summary.words).toEqual(words);
    expect((await restore(texts.replace('Наука', '"a\tb"'))).summary.words).toEqual(words);
    const { summary } = await restore(texts, ['None', '#N/A', 'nan']);
    expect(summary).toMatchObject({ words: [], nulls: { item_topic: 3, user_id: 1 } });
  });
});

describe('an id', () => {
  test.each(['1.23E+05', '1.00E+15', '1e+20', '1,23E+05', '1e20', '-1.5e3'])(
    'of which %s is left has lost digits, and is refused',
    async (user) => {
      db = await newDatabase('server');
      await expect(restore(users(user, user))).rejects.toThrow(
        `user_id is in scientific notation, such as “${user}”, in 2 of its values`,
      );
      await expect(restore(users(...many, user))).rejects.toThrow('their digits are lost');
    },
  );

  test.each([
    ['of hexadecimal digits', ['7e10', 'a3f9', 'beef', '1234']],
    ['with a zero in front', ['007', '7']],
    ['beyond a bigint', ['99999999999999999999', '7']],
    ['of hexadecimal digits that say so', ['0x1F', '31']],
    ['with a fraction', ['1.5', '2']],
    ['of which nobody can tell whether it is 12 or 12000', ['12.000', '13']],
  ])('%s stays as it is written', async (_, written) => {
    db = await newDatabase('server');
    expect((await restore(users(...written))).odd).toMatchObject([{ column: 'user_id', kept: 'text' }]);
    expect(await heldUsers()).toEqual(written.toSorted());
  });

  test.each([
    '[NULL]',
    '(null)',
    'null',
    'NaN',
    'None',
    'N/A',
    '#N/A',
    '<NA>',
    'nil',
    'undefined',
    '\\N',
    '-',
    '',
    'Infinity',
  ])('that is “%s” means NULL, if the option says so', async (word) => {
    db = await newDatabase('server');
    await expect(restore(users('7', word))).rejects.toThrow(`user_id has “${word}” × 1 among numbers`);
    const { summary } = await restore(users('7', word), [word]);
    expect(summary.nulls).toEqual({ user_id: 1 });
  });

  test('of a dump in COPY text is read in the same way', async () => {
    db = await newDatabase('server');
    const rows = ['7', 'NULL', '8.0'].map((user, id) => `${id}\t${id}\t${user}\tshow\tNULL\ta\tb\n`).join('');
    const dump = writeArchive({
      tables: [{ table: 'log_raw', columns: names.join(', '), text: `${rows}\\.\n\n\n` }],
    });
    await expect(restore(dump)).rejects.toThrow('“NULL” × 1 among numbers');
    expect((await restore(dump, ['NULL'])).summary.nulls).toEqual({ user_id: 1, item_topic: 3 });
    expect(await heldUsers()).toEqual([7, 8, null]);
  });
});

test('a time that is a word for NULL is refused with the option that reads it', async () => {
  db = await newDatabase('server');
  const rows = users('7', '8').replace('1569348000001', 'NaN');
  await expect(restore(rows)).rejects.toThrow(
    'ts is “NaN”, which is not a time. Nothing was changed. Say --null NaN',
  );
  expect((await restore(rows, ['NaN'])).summary.nulls).toEqual({ ts: 1 });
});

describe('the command', () => {
  const url = newUrl();
  const place = { cwd: temporaryFolder(), env: { ZEN_DATABASE_URL: url } };
  beforeAll(async () => {
    db = await openDatabase({ kind: 'server', url }, { create: true });
  });

  async function say(content: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await call(['restore', write(content), '--yes', ...args], place);
    expect({
      code,
      stderr: stderr
        .replace(/^This role is .*\n/m, '')
        .split('\n')
        .slice(1),
    }).toEqual({ code: 0, stderr: [''] });
    return stdout;
  }

  test('tells the kinds of event, and nothing more of them where one is show', async () => {
    const text = await say(csv([{}, {}, { event: 'click' }]));
    expect(text.split('\n').slice(2)).toEqual(['Events: “show” 2, “click” 1.', '']);
  });

  test('says that the funnel will be empty where no event is show, and how to rename one', async () => {
    const text = await say(csv([{ event: "it's" }, { event: "it's" }, { event: 'click' }]));
    expect(text.split('\n').slice(2, -1)).toEqual([
      "Events: “it's” 2, “click” 1.",
      'No event is named show, so the funnel will be empty: it counts show, click and view, spelled so.',
      String.raw`If “it's” means show, restore again with --events 'it'\''s=show'.`,
      `If the steps are others, name them in order in zen.json: "funnel": ["it's","click"].`,
    ]);
    const renamed = await say(csv([{ event: "it's" }, { event: 'it' }, { event: 'it' }]), '--events', "it's=show,it=click"); // prettier-ignore
    expect(renamed.split('\n').slice(2, -1)).toEqual(['Events: “click” 2, “show” 1.']);
  });

  test('names kinds of event that differ from those of the funnel in case', async () => {
    const text = await say(csv([{ event: 'SHOW' }, {}, { event: 'Click' }]));
    expect(text).toContain('The funnel counts show, click and view, spelled so, and no other names.\n');
    expect(text).toContain(
      "If “Click” means click and “SHOW” means show, restore again with --events 'Click=click,SHOW=show'.\n",
    );
  });

  test('takes a log that lacks a column, whose filter and chart are not on the page', async () => {
    const lacking = csv([{}, { event: 'click' }]).replaceAll(/,[^,]*,[^,]*$/gm, '');
    const text = await say(lacking, '--columns', 'source_topic=, age_segment=');
    expect(text).toContain('Missing values: source_topic 2, age_segment 2.');
    const day = ['--start-dt', '2019-09-24', '--end-dt', '2019-09-25'];
    for (const args of [['aggregate'], ['render', '--min-cell', '1', '-o', 'zen.html']])
      expect(await call([...args, ...day], place)).toMatchObject({ code: 0 });
    const page = readFileSync(join(place.cwd, 'zen.html'), 'utf8');
    expect(/"filters":(\[.*?\])/.exec(page)?.[1]).toBe('["item_topic"]');
    expect([...page.matchAll(/<zen-chart id="(\w+)"/g)].map(([, id]) => id)).not.toContain('sources');
    expect(page).toContain('id="history"');
    expect(await call(['restore', write(lacking), '--columns', 'ts=,source_topic='], place)).toMatchObject({ code: 2, stderr: expect.stringContaining('Name all of ts, user_id and event') }); // prettier-ignore
    expect(await call(['restore', write(lacking), '--events', 'show'], place)).toMatchObject({ code: 2, stderr: expect.stringContaining('“show” names no events: write it as impression=show') }); // prettier-ignore
  });

  test('tells words for NULL, and ids that are written otherwise', async () => {
    const text = await say(csv([{ topic: 'N/A', user: '5.0' }, {}]));
    expect(text).toContain(
      'user_id is read as whole numbers where they are written otherwise: 1 value, such as “5.0”.',
    );
    expect(text).toContain(
      "item_topic has “N/A” × 1, which is counted as a name. If it means NULL, restore again with --null 'N/A'",
    );
    expect(await say(csv([{ topic: 'N/A', user: '-' }, {}]), '--null', 'N/A', '--null', '-')).toContain(
      'Missing values: user_id 1, item_topic 1.',
    );
  });
});

describe('standard input', () => {
  const url = newUrl();
  const [cwd, temporary] = [temporaryFolder(), temporaryFolder()];
  const place = { cwd, env: { ZEN_DATABASE_URL: url, TMPDIR: temporary } };
  const count = async () => {
    const server = await openDatabase({ kind: 'server', url });
    const rows = await server.query('select from log_raw');
    await server.close();
    return rows.length;
  };
  const text = `${Array.from({ length: 3 }, (_, id) => `${id}\t${id}\t7\tshow\ta\tb\tc\n`).join('')}\\.\n\n\n`;
  const archive = writeArchive({ tables: [{ table: 'log_raw', columns: names.join(', '), text }] });

  beforeAll(async () => {
    db = await openDatabase({ kind: 'server', url }, { create: true });
    writeFileSync(join(cwd, '-'), users('1', '2', '3', '4', '5'));
    mkdirSync(temporary, { recursive: true });
  });

  test.each([
    ['CSV', Buffer.from(users('7', '8', '9')), 3],
    ['CSV that is read twice', Buffer.from(users('7', '8', 'u-9', '10')), 4],
    ['an archive', archive, 3],
  ])('is restored, whatever its format, and no file of that name: %s', async (_, input, rows) => {
    const { code, stdout } = await zen(['restore', '-', '--yes'], { ...place, input });
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`Restored ${rows} events`),
    });
    expect(await count()).toBe(rows);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test.each([
    ['ends too early', archive.subarray(0, -20), 'standard input ends too early, at byte '],
    ['is empty', Buffer.alloc(0), 'standard input is empty.'],
  ])('that %s is a sentence, and the log is kept', async (_, input, message) => {
    const before = await count();
    const { code, stdout, stderr } = await zen(['restore', '-', '--yes'], { ...place, input });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(message);
    expect(await count()).toBe(before);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('does not replace a log that holds events without --yes', async () => {
    const { code, stderr } = await zen(['restore', '-'], { ...place, input: archive });
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Give --yes to replace it'),
    });
  });

  test('that is still to come can be interrupted, and leaves nothing', async () => {
    const { child, outcome } = start(['restore', '-', '--yes'], { ...place, input: null });
    const held = Buffer.alloc(1 << 20);
    await new Promise((done) => child.stdin?.write(held, done)); // more than a pipe holds: it has begun to read
    child.kill('SIGINT');
    expect(await outcome).toEqual({ code: 130, stdout: '', stderr: 'Interrupted. Nothing was changed.\n' });
    expect(readdirSync(temporary)).toEqual([]);
  });
});
