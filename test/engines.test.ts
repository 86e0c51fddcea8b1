import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { aggregate } from '../src/aggregate/aggregate.ts';
import { useGroups } from '../src/log/named-groups.ts';
import { dayMs } from '../src/time.ts';
import { newDatabase, temporaryFolder } from './support/databases.ts';
import { engines, lackOf, openEngine } from './support/engines.ts';
import type { EngineName } from './support/engines.ts';
import { insertEvents } from './support/log.ts';
import { features, play, visit } from './support/scenario.ts';
import type { Seen } from './support/seen.ts';
import { first, inventDays, inventOddNames, namedGroups } from './support/three-days.ts';
import { render } from './support/page.ts';

/** Headers that docs/security.md tells a server to add, and all else that one might. */
const headers = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': "frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'clipboard-write=(), fullscreen=()',
};

const frame = `<!doctype html><style>body{margin:0}iframe{display:block;border:0;width:1440px;height:900px}</style>
<iframe sandbox="allow-scripts" src="/plain"></iframe>`;
const blob = `<!doctype html><script>
fetch('/plain').then((page) => page.blob()).then((page) => location.replace(URL.createObjectURL(page)));
</script>`;

let html: string;
let server: Server;
const folder = temporaryFolder();

/** Puts a page into a file, and gives its URL. */
function put(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, 0o444);
  return pathToFileURL(file).href;
}

const served = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

type Place = [url: string, isFramed?: boolean];

/** The ways in which a page comes to a reader, by what the documents call them. */
const places: Record<string, (name: EngineName) => Place | Promise<Place>> = {
  'a web server with strict headers': () => [served('/strict')],
  'a frame with `sandbox="allow-scripts"`': () => [served('/frame'), true],
  'a `blob:` of a mail program on the web': () => [served('/blob')],
  'an attachment whose line ends became CRLF': () => [put('crlf.html', html.replaceAll('\n', '\r\n'))],
  'a copy made by “save page as” while it was open': async (name) => [
    put(`saved-${name}.html`, (await played(name)).left),
  ],
  'the temporary folder of an archive, read-only, with odd characters in its name': () => [
    put("Temp1_отчёт #2 (100%).zip/zen & 'page'?.html", html),
  ],
};

/** Pages that a gateway, a disk or a person has damaged. */
const broken: Record<string, (page: string) => string> = {
  'a page whose script was altered by a byte': (page) => page.replace(/<script>(?=.{1000})/, '<script> '),
  'a page whose data are damaged': (page) => page.replace(/(id="payload">.{200})../, '$1!!'),
};

/** Waits for the sentence of a page whose script does not run, and tells what of the page looks alive. */
async function waitForStalled() {
  const note = document.querySelector<HTMLElement>('.stalled');
  if (!note) throw new Error('The page has no such sentence.');
  for (const animation of note.getAnimations())
    animation.currentTime = Number(animation.effect?.getComputedTiming().delay) - 100; // which are seconds, for slow machines
  while (getComputedStyle(note).visibility !== 'visible' || note.offsetHeight === 0)
    await new Promise((resolve) => requestAnimationFrame(resolve));
  return {
    said: note.innerText.trim(),
    live: document.querySelectorAll(':is(.controls, .tools):not([inert])').length,
    noticed: (document.querySelector<HTMLElement>('#notice')?.offsetHeight ?? 0) > 0,
    drawn: (document.querySelector('#history svg')?.getBoundingClientRect().width ?? 0) > 0,
  };
}

/** Does something but once for each browser, when it is first asked for. */
function memoize<Result>(make: (name: EngineName) => Promise<Result>) {
  const made = new Map<EngineName, Promise<Result>>();
  return Object.assign(
    (name: EngineName) => {
      const result = made.get(name) ?? make(name);
      made.set(name, result);
      return result;
    },
    { made },
  );
}

/** Each browser that the machine has goes the same way, one by one. */
const engine = memoize(openEngine);
const played = memoize(async (name) => play(await engine(name), put('zen.html', html)));

let filtered: Seen;

beforeAll(async () => {
  const db = await newDatabase('server');
  await insertEvents(db, [...inventDays(), ...inventOddNames()]);
  const days = [0, 1, 2].map((day) => ({ start: first + day * dayMs, end: first + (day + 1) * dayMs }));
  await aggregate(db, days, { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
  useGroups(namedGroups);
  ({ html } = await render(db, { locale: 'ru', minCell: 0 }));
  useGroups();
  await db.close();
  server = createServer(({ url = '' }, answer) => {
    const isPage = ['/plain', '/strict'].includes(url);
    answer.writeHead(200, url === '/strict' ? headers : { 'Content-Type': 'text/html' });
    answer.end(isPage ? html : url === '/frame' ? frame : blob);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  filtered = await visit(await engine('Chromium'), put('zen.html', html));
  await played('Chromium');
}, 240_000);

afterAll(async () => {
  for (const one of engine.made.values()) await (await one).close();
  server.close();
});

/** Takes what is the same wherever a page lies: its topics in any order, as a copy is sorted as it was when it was saved. */
const shown = ({ rows, words, files }: Seen) => ({
  ...{ rows, files },
  words: { ...words, topics: words.topics?.toSorted() },
});

test('each step of the scenario is seen, and leaves the page whole', async () => {
  const { steps } = await played('Chromium');
  const all = [...steps.values()].flat();
  const idle = all.filter(
    (seen, at) =>
      at > 0 && JSON.stringify({ ...seen, step: '' }) === JSON.stringify({ ...all[at - 1], step: '' }),
  );
  expect(idle.map(({ step }) => step)).toEqual([]);
  expect(
    all.flatMap(({ step, words: { violations = [], misfits = [] } }) =>
      [...violations, ...misfits].map((fault) => [step, fault]),
    ),
  ).toEqual([]);
  expect((await engine('Chromium')).said).toEqual([]);
});

describe.each(engines)('%s', (name) => {
  const lack = lackOf(name);
  const run = lack === null ? test : test.skip;
  const word = lack === null ? '' : ` (skipped: this machine lacks ${lack})`;

  if (name !== 'Chromium')
    run(
      `shows the same as Chromium after each of ${Object.values(features).flat().length} steps${word}`,
      async () => {
        const [{ steps }, seen] = [await played('Chromium'), await played(name)];
        for (const [feature, all] of seen.steps)
          expect([feature, all]).toEqual([feature, steps.get(feature)]);
        expect((await engine(name)).said ?? []).toEqual([]);
      },
      600_000, // WebKit's driver is slow on a busy machine
    );

  run.each(Object.keys(places))(
    `filters a page in %s${word}`,
    async (place) => {
      const [url, isFramed] = (await places[place]?.(name)) ?? [''];
      expect(shown(await visit(await engine(name), url, isFramed))).toEqual(shown(filtered));
    },
    120_000,
  );

  run.each(Object.keys(broken))(
    `says of %s that nothing works, and looks so${word}`,
    async (fault) => {
      const { page } = await engine(name);
      await page.goto(put(`broken-${name}.html`, broken[fault]?.(html) ?? ''));
      expect(await page.evaluate(waitForStalled)).toEqual({
        said: expect.stringMatching(/^Фильтры здесь не работают/),
        live: 0,
        noticed: false,
        drawn: true,
      });
    },
    60_000,
  );
});

test('the document of browsers names each feature and place, and what was seen', () => {
  const text = readFileSync('docs/browsers.md', 'utf8');
  const row = (name: string, word: string) => `| ${name} | ${engines.map(() => word).join(' | ')} |`;
  for (const [feature, all] of Object.entries(features))
    expect(text).toContain(row(feature, `${all.length}`));
  for (const place of Object.keys(places)) expect(text).toContain(row(place, 'works'));
});
