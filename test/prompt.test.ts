import { beforeAll, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { main } from '../src/cli/main.ts';
import type { Streams } from '../src/cli/terminal.ts';
import { openDatabase } from '../src/db/open.ts';
import { newUrl, temporaryFolder } from './support/databases.ts';
import { zen as run } from './support/zen.ts';

const url = newUrl();
const file = join(temporaryFolder(), 'log.csv');
const csv = (...ids: number[]) =>
  `ts,user_id,event,item_topic,source_topic,age_segment\n${ids.map((id) => `1,${id},a,b,c,d\n`).join('')}`;

/** Runs `zen` where a person sits at a terminal and presses those keys when asked. */
async function zen(keys: string, ...args: string[]): Promise<{ code: number; said: string; result: string }> {
  const stream = (isTTY: boolean) => Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY });
  const [stdin, stdout, stderr] = [stream(true), stream(false), stream(true)];
  let [said, result] = ['', ''];
  stdout.on('data', (text: string) => (result += text));
  stderr.on('data', (text: string) => {
    said += text;
    if (text.includes('[y/N]')) setImmediate(() => stdin.write(keys)); // the prompt still moves the cursor
  });
  const named = args.includes('--database') ? [] : ['--database', url];
  const code = await main([...args, ...named], { stdin, stdout, stderr } as unknown as Streams);
  return { code, said, result };
}

async function users(database = url): Promise<number[]> {
  const db = await openDatabase({ kind: 'server', url: database });
  const rows = await db.query<{ user_id: number }>('select user_id from log_raw order by 1');
  await db.close();
  return rows.map(({ user_id }) => user_id);
}

beforeAll(async () => {
  writeFileSync(file, csv(1));
  expect(await zen('', 'restore', file, '--create')).toMatchObject({ code: 0 });
});

test.each([
  ['n', 'n\r', 1, 'Nothing was changed.'],
  ['nothing', '\r', 1, 'Nothing was changed.'],
  ['anything else', 'yo\r', 1, 'Nothing was changed.'],
  ['Ctrl-D', '\x04', 1, 'Nothing was changed.'],
  ['Ctrl-C', '\x03', 130, 'Interrupted. Nothing was changed.'],
])('a person who answers %s keeps the log', async (_, keys, code, message) => {
  writeFileSync(file, csv(8));
  const outcome = await zen(keys, 'restore', file);
  expect(outcome).toMatchObject({ code, result: '' });
  expect(outcome.said).toContain('is not empty, and would be replaced. Replace it? [y/N]');
  expect(outcome.said.split(/\r?\n/).slice(-2)).toEqual([message, '']);
  expect(await users()).toEqual([1]);
});

test('with --no-input nobody is asked, also at a terminal', async () => {
  writeFileSync(file, csv(8));
  const { code, said } = await zen('y\r', 'restore', file, '--no-input');
  expect([code, said]).toEqual([2, expect.stringContaining('Give --yes to replace it')]);
  expect(said).not.toContain('[y/N]');
  expect(await users()).toEqual([1]);
});

test.each(['y\r', 'YES\n'])('a person who answers %j has the log replaced', async (keys) => {
  writeFileSync(file, csv(2, 3));
  const outcome = await zen(keys, 'restore', file, '--json');
  expect(outcome).toMatchObject({ code: 0 });
  expect(JSON.parse(outcome.result)).toMatchObject({ rows: 2 });
  expect(await users()).toEqual([2, 3]);
});

test('a backup is not read from a terminal', async () => {
  const said = 'Standard input is a terminal. Send a backup to it, or name a file.\n';
  expect(await zen('', 'restore', '-')).toMatchObject({ code: 2, said });
});

test('nobody is asked with --yes, or with --append', async () => {
  writeFileSync(file, csv(4));
  for (const flag of ['--append', '--yes']) {
    const { code, said } = await zen('', 'restore', file, flag);
    expect([code, said]).toEqual([0, expect.not.stringContaining('[y/N]')]);
  }
  expect(await users()).toEqual([4]);
});

test('where nobody can be asked it is exit 2, and the log is kept', async () => {
  const { code, stdout, stderr } = await run(['restore', file, '--database', url], { cwd: dirname(file) });
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^log_raw in .* Give --yes to replace it, or --append to add to it\.\n$/);
  expect(await users()).toEqual([4]);
});

describe('prune, at a terminal,', () => {
  const other = newUrl();
  const at = ['--database', other];
  const prune = ['prune', '--prune-raw', '30d', '--prune-aggregates', '400d', ...at];
  const asked =
    'Would prune 2 events of the log, 1 row of dash_visits and 1 of dash_engagement. Delete them for good? [y/N]';

  beforeAll(async () => {
    writeFileSync(file, csv(1, 2));
    expect(await zen('', 'restore', file, '--create', ...at)).toMatchObject({ code: 0 });
    expect(await zen('', 'aggregate', ...at)).toMatchObject({ code: 0 });
  });

  test.each([
    ['n', 'n\r', 1, 'Nothing was changed.'],
    ['Ctrl-C', '\x03', 130, 'Interrupted. Nothing was changed.'],
  ])('says how much would go, and a person who answers %s keeps it', async (_, keys, code, message) => {
    const outcome = await zen(keys, ...prune);
    expect(outcome).toMatchObject({ code, result: '' });
    expect(outcome.said).toContain(asked);
    expect(outcome.said.split(/\r?\n/).slice(-2)).toEqual([message, '']);
    expect(await users(other)).toEqual([1, 2]);
  });

  test('takes it out for a person who says so, and asks nothing where nothing would go', async () => {
    expect(await zen('', ...prune, '--dry-run')).toMatchObject({ code: 0, said: '' });
    const outcome = await zen('y\r', ...prune, '--json');
    expect(JSON.parse(outcome.result)).toMatchObject({ events: 2, visits_rows: 1, engagement_rows: 1 });
    expect(await users(other)).toEqual([]);
    expect(await zen('', ...prune)).toMatchObject({ code: 0, said: '' });
  });
});
