// A stranger's pages: seeded mutations of a page, each verified, with the time and the memory that it took. A process of its own,
// so that its peak is known: tsx test/support/stranger.ts <page> <seed> <number>
import { existsSync, readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { deflateSync, inflateSync } from 'node:zlib';
import { between, mulberry32 } from '../../fixtures/random.ts';
import type { Random } from '../../fixtures/random.ts';
import { ZenError } from '../../src/errors.ts';
import { writePolicy } from '../../src/render/csp.ts';
import { roomFor, verify } from '../../src/render/verify.ts';
import { split } from '../../src/shared/data/varint.ts';

/** The outcome of some mutations: how often each kind ended so, and what must not happen. */
export interface Told {
  outcomes: Record<string, number>;
  faults: string[];
  slowest: number;
  /** At the most. */
  megabytes: number;
}

const [file = '', seed = '', number = ''] = process.argv.slice(2);

function sha(bytes: string): string {
  return createHash('sha256').update(bytes, 'latin1').digest('hex');
}

/** The page without its script and style, of another version of zen, so that thousands are read in a minute. */
function shrink(html: string): string {
  const parts = { script: Buffer.from('0'), style: Buffer.from('') };
  const bare = html
    .replace(/<script>.*<\/script>/s, '<script>0</script>')
    .replace(/<style>.*?<\/style>/s, '<style></style>')
    .replace(/(Policy" content=")[^"]*/, (_, open: string) => open + writePolicy(parts))
    .replace(/"script":"\w+","style":"\w+"/, `"script":"${sha('0')}","style":"${sha('')}"`)
    .replace('{"zen":"', '{"zen":"0.0.')
    .replace(/"page":"\w+"/, '"page":""');
  return bare.replace('"page":""', `"page":"${sha(bare)}"`);
}

const text = shrink(readFileSync(file, 'latin1'));
const page = Buffer.from(text, 'latin1');
const from = text.indexOf('id="payload">') + 13;
const to = text.indexOf('</script>', from);
const data = inflateSync(Buffer.from(text.slice(from, to), 'base64'));

/** The page with other data, and with a manifest that states their hash and the page's. */
function forge(packed: string): Buffer {
  const other = text.slice(0, from) + packed + text.slice(to);
  const bare = other
    .replace(/"payload":"\w+"/, () => `"payload":"${sha(packed)}"`)
    .replace(/"page":"\w+"/, '"page":""');
  return Buffer.from(
    bare.replace('"page":""', () => `"page":"${sha(bare)}"`),
    'latin1',
  );
}

const repack = (bytes: Uint8Array) => forge(deflateSync(bytes, { level: 1 }).toString('base64'));

/** A whole number as the page writes it (DWARF 5, section 7.6). */
function varint(value: number): number[] {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}

const huge = (random: Random) => varint(2 ** between(random, 14, 52) + between(random, 0, 9));

function splice(bytes: Buffer, at: number, gone: number, come: Iterable<number>): Buffer {
  return Buffer.concat([bytes.subarray(0, at), Buffer.from([...come]), bytes.subarray(at + gone)]);
}

/** Where the numbers of the data stand: the lengths of its tables, and the head of each. */
function heads(): number[] {
  const [names = data, ...tables] = split(data, 102);
  const range = (from: number, length: number) => Array.from({ length }, (_, index) => from + index);
  return [
    ...range(0, names.byteOffset - data.byteOffset),
    ...tables.flatMap(({ byteOffset }) => range(byteOffset - data.byteOffset, 40)),
  ];
}

const openings = [
  '<script type="application/json" id="manifest">',
  '<script type="text/plain" id="payload">',
  '<script type="application/json" id="settings">',
  '<script>',
  '<style>',
  '<meta http-equiv="Content-Security-Policy" content="',
  ',"page":"',
  '</script>',
];
const any = <T>(random: Random, of: readonly T[]): T => of[between(random, 0, of.length - 1)] as T;

const kinds: Record<string, (random: Random) => Buffer> = {
  'flipped bytes': (random) => {
    const flipped = Buffer.from(page);
    for (let times = between(random, 1, 20); times > 0; times--)
      flipped[between(random, 0, page.length - 1)] = between(random, 0, 255);
    return flipped;
  },
  'cut off': (random) => page.subarray(0, between(random, 0, page.length - 1)),
  'openings again and again': (random) => {
    const at = between(random, 0, page.length);
    const many = Buffer.from(any(random, openings).repeat(between(random, 1, 20_000)));
    return Buffer.concat([page.subarray(0, at), many, page.subarray(at)]);
  },
  'parts twice, or in each other': (random) => {
    const part = `${any(random, openings)}${any(random, openings)}{}</script>`;
    const at = text.indexOf(any(random, openings));
    return Buffer.from(text.slice(0, at) + part + text.slice(at), 'latin1');
  },
  'another manifest': (random) => {
    const values = [
      'null',
      '[]',
      '{"toString":1}',
      '"\\u001b[2J"',
      '1e999',
      '['.repeat(5000),
      `"${'x'.repeat(50_000)}"`,
    ];
    const open = text.indexOf('{', text.indexOf('id="manifest">'));
    const name = any(random, ['"zen":"', '"start":"', '"events":', '"page":"']);
    const at = between(random, 0, 1) ? open : text.indexOf(name, open) + name.length;
    const end = at === open ? text.indexOf('</script>', open) : at + 1;
    return Buffer.from(text.slice(0, at) + any(random, values) + text.slice(end), 'latin1');
  },
  'flipped data': (random) => {
    const flipped = Buffer.from(data);
    for (let times = between(random, 1, 5); times > 0; times--)
      flipped[between(random, 0, data.length - 1)] = between(random, 0, 255);
    return repack(flipped);
  },
  'a huge number in the data': (random) => repack(splice(data, any(random, places), 1, huge(random))),
  'a huge number anywhere': (random) =>
    repack(splice(data, between(random, 0, data.length - 1), 1, huge(random))),
  'data cut off, or going on': (random) =>
    repack(
      between(random, 0, 1)
        ? data.subarray(0, between(random, 0, data.length))
        : Buffer.concat([data, Buffer.alloc(between(random, 1, 100_000), between(random, 0, 255))]),
    ),
  'other names': (random) => {
    const at = data.indexOf('[5,');
    const end = data.indexOf('}]', at) + 2;
    const head = data.toString('utf8', at, data.lastIndexOf(']') + 1);
    const values = ['null', '1e300', '-1', '[[],[]]', '{}', '"x"', '8.64e15', '[null]', 'true'];
    const marks = [...head.matchAll(/:(?=[[{"\dn])/g)].map(({ index }) => index + 1);
    const place = any(random, marks);
    const rest = /^("[^"]*"|\d+|null|\[[^\]]*\]?|\{[^}]*\}?)/.exec(head.slice(place))?.[0].length ?? 1;
    const other = Buffer.from(head.slice(0, place) + any(random, values) + head.slice(place + rest));
    const before = data.subarray(0, at);
    return repack(
      end < at ? data : Buffer.concat([before, other, data.subarray(at + Buffer.byteLength(head))]),
    );
  },
  'text that is no base64': (random) =>
    forge(any(random, ['=', '-_', ' ', '\u00e9']).repeat(between(random, 1, 100_000))),
};
const places = heads();

const told: Told = { outcomes: {}, faults: [], slowest: 0, megabytes: 0 };

async function attack(kind: string, mutant: Buffer): Promise<void> {
  const started = performance.now();
  const outcome = await verify(mutant, undefined, roomFor(18e6)).then(
    ({ differences }) => (differences.length > 0 ? 'differs' : mutant.equals(page) ? 'whole' : 'passes'),
    (error: unknown) => (error instanceof ZenError ? 'refused' : `breaks: ${String(error)}`),
  );
  told.slowest = Math.max(told.slowest, performance.now() - started);
  const key = `${kind}: ${outcome}`;
  told.outcomes[key] = (told.outcomes[key] ?? 0) + 1;
  // The manifest is not signed: data that were changed in a name, and sealed again, are whole.
  if (outcome.startsWith('breaks') || (outcome === 'passes' && !/data|names|number/.test(kind)))
    told.faults.push(key);
}

await attack('nothing', page);
const random = mulberry32(Number(seed));
const all = Object.entries(kinds);
for (let at = 0; at < Number(number); at++) {
  const [kind, mutate] = any(random, all);
  await attack(kind, mutate(random));
}
// Not resourceUsage: Linux starts its maxRSS with what the parent held when it forked, and a worker of the tests holds much.
if (existsSync('/proc/self/status'))
  told.megabytes = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
console.log(JSON.stringify(told));
