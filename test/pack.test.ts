import { beforeAll, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { isoTime, lastMidnight } from '../src/time.ts';
import { newUrl, temporaryFolder } from './support/databases.ts';
import { relay } from './support/relay.ts';

const folder = temporaryFolder();
const [packed, installed] = [join(folder, 'package'), join(folder, 'installed')];
const dockerfile = readFileSync('Dockerfile', 'utf8');
const [building = '', running = ''] = dockerfile.split(/^(?=FROM )/m).slice(1);
const compose = readFileSync('compose.yaml', 'utf8');

/** Runs a step of the Dockerfile as its shell would, with the folders of this test in the place of its own. */
function takeStep(stage: string, start: string): void {
  const step = new RegExp(`^RUN (${start}.*?)(?: && npm cache clean --force)?$`, 'm').exec(stage)?.[1] ?? '';
  expect(step).not.toBe('');
  execFileSync('sh', ['-ec', step.replaceAll('/package', packed)], {
    env: {
      ...process.env,
      ...{ npm_config_prefix: installed, npm_config_prefer_offline: 'true', npm_config_loglevel: 'error' },
      npm_config_ignore_scripts: 'true', // dist is built, and other tests read it
    },
  });
}

/** The command that a service of compose.yaml gives to `zen`. */
function commandOf(service: string): string[] {
  const [, command = ''] =
    new RegExp(`^  ${service}:\\n(?:    .*\\n)*?    command: (.*)$`, 'm').exec(compose) ?? [];
  return JSON.parse(command.replaceAll("'", '"')) as string[];
}

beforeAll(() => {
  mkdirSync(packed);
  takeStep(building, 'npm pack');
  takeStep(running, 'npm install');
}, 300_000);

test('the package holds what zen needs, and nothing else', () => {
  const [tarball = ''] = readdirSync(packed);
  const paths = execFileSync('tar', ['-tzf', join(packed, tarball)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''));
  const known =
    /^(bin|dist|sql|templates)\/|^docs\/.*\.md$|^(package\.json|README\.md|LICENSE|fixtures\/zen\.dump)$/;
  expect(paths.filter((path) => !known.test(path))).toEqual([]);
  const { name, bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; bin: object };
  expect([name, Object.keys(bin)]).toEqual([expect.stringMatching(/^@[\w-]+\/zen$/), ['zen']]);
});

test('three commands lead from the tarball to a message: install, zen demo, zen mail', async () => {
  const empty = temporaryFolder();
  const env = { PATH: `${join(installed, 'bin')}:${process.env.PATH ?? ''}`, HOME: empty };
  const { status, stdout } = spawnSync('zen', ['demo'], { cwd: empty, env, encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, expect.stringContaining('Aggregated 322,391 events of ')]);
  expect(statSync(join(empty, 'output/zen.html')).size).toBeGreaterThan(100_000);
  expect(readdirSync(empty).sort()).toEqual(['.zen-demo', 'output']);
  const ends = ['--from', 'zen@example.com', '--to', 'boss@example.com', '--attach'];
  const to = { cwd: empty, env, encoding: 'utf8', maxBuffer: 1 << 24 } as const;
  const mail = spawnSync('zen', ['mail', 'output/zen.html', ...ends], to);
  expect([mail.status, mail.stderr]).toEqual([0, '']);
  const { subject, text, attachments } = await simpleParser(await relay(mail.stdout));
  expect([subject, attachments.map(({ contentType }) => contentType)]).toEqual([
    expect.stringContaining('322'),
    ['image/png', 'text/html'],
  ]);
  expect(text).toMatch(/322.391/);
  // A log of one's own comes next, by the same commands, and the demo's is not in its page.
  const log = `ts,user_id,event,item_topic,source_topic,age_segment\n2026-09-21 10:00:00,1,show,b,c,d\n`;
  writeFileSync(join(empty, 'log.csv'), log);
  for (const args of [['restore', 'log.csv'], ['aggregate'], ['render', '--min-cell', '1']])
    expect([args, spawnSync('zen', args, to)]).toEqual([args, expect.objectContaining({ status: 0 })]);
  const told = spawnSync('zen', ['verify', 'output/zen.html'], to).stdout;
  expect(told).toMatch(/\b1 event\b/);
}, 300_000);

test('the services of compose.yaml restore a backup and publish its page, with what the image has', () => {
  const cwd = temporaryFolder();
  const noon = isoTime(lastMidnight(Date.now()) - 43_200_000);
  const backup = join(cwd, 'backup');
  mkdirSync(backup);
  writeFileSync(
    join(backup, 'zen.dump'),
    `ts,user_id,event,item_topic,source_topic,age_segment\n${noon},1,show,b,c,d\n`,
  );
  const env = { PATH: process.env.PATH, ZEN_DATABASE_URL: newUrl() };
  const [entry = ''] = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(running)?.[1] ?? '[]') as string[];
  for (const [service, more] of [
    ['restore', ['--create']],
    ['nightly', []],
  ] as const) {
    const args = [...commandOf(service), ...more].map((arg) =>
      arg.replace(/^\/(backup|pages)\//, `${cwd}/$1/`),
    );
    const told = spawnSync(join(installed, 'bin', entry), args, { cwd, env, encoding: 'utf8' });
    expect([service, told.status, told.stderr]).toEqual([service, 0, expect.any(String)]);
  }
  expect(statSync(join(cwd, 'pages/zen.html')).mode & 0o777).toBe(0o644); // the web server is another user
});

test('the image has two stages, and runs as an ordinary user; nothing of it is written but its volumes', () => {
  expect(running).toMatch(/^FROM node:\d+-slim\nCOPY --from=build \/package \/package\n/);
  expect(running.indexOf('\nUSER node\n')).toBeGreaterThan(0);
  expect(running).not.toContain('COPY . ');
  expect(compose.match(/read_only: true/g)).toHaveLength(2); // of zen, and of the web server
  const ignored = readFileSync('.dockerignore', 'utf8').trim().split('\n');
  expect(ignored).toEqual(expect.arrayContaining(['.git', 'node_modules', 'dist', 'output']));
  expect(compose.match(/add_header [\w-]+/g)).toEqual(
    ['Cache-Control', 'Content-Security-Policy', 'Referrer-Policy', 'X-Content-Type-Options'].map(
      (name) => `add_header ${name}`,
    ),
  );
});
