import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import Handlebars from 'handlebars';
import { environment, resolveTarget } from '../../config.ts';
import type { Environment } from '../../config.ts';
import { readAddress, writeUrl } from '../../db/libpq/url.ts';
import { ZenError } from '../../errors.ts';
import { readShipped } from '../../files.ts';
import { requireFile } from '../options.ts';
import type { NightlyFlags } from './nightly.ts';
import type { OtherPage } from '../pages.ts';
import type { Given } from '../settings.ts';
import { Terminal } from '../terminal.ts';

export interface ScheduleFlags extends NightlyFlags {
  cron?: boolean;
  systemd?: boolean;
}

const files = { cron: ['crontab'], systemd: ['zen.service', 'zen-failed.service', 'zen.timer'] };

/**
 * Prints what makes `zen nightly` run every night, with the paths, the database, the output and the options of this installation.
 *
 * @param given the options of the command line and of the environment, which cron and systemd would not have
 */
export function runSchedule(flags: ScheduleFlags, given: Given, pages: readonly OtherPage[]): void {
  if (flags.cron === flags.systemd)
    throw new ZenError('usage', 'Choose a scheduler: zen schedule --cron, or zen schedule --systemd.');
  requireFile(flags.out);
  const kind = flags.cron ? 'cron' : 'systemd';
  const target = resolveTarget(flags.database, environment());
  const folder = target.kind === 'embedded' ? resolve(target.folder) : undefined;
  const { url, secret } =
    target.kind === 'server' ? resolveServer(target.url, environment()) : { url: '', secret: false };
  const out = resolve(flags.out);
  const values = {
    node: process.execPath,
    zen: fileURLToPath(new URL('../bin/zen.js', import.meta.url)),
    folder: resolve(flags.project ?? '.'), // where zen finds the project again
    database: folder ?? url,
    secret,
    out,
    options: listWords(flags, given, kind === 'cron' ? [] : [['--log-format', 'json']]),
    user: userInfo().username,
    writable: listWritable([out, flags.metrics, folder, ...pages.map((page) => page.out)]),
  };
  const texts = files[kind].map((name) => fillTemplate(`templates/schedule/${name}.hbs`, values));
  const json = Object.fromEntries(files[kind].map((name, index) => [name, texts[index]]));
  new Terminal().print(flags.json ? JSON.stringify(json) : texts.join('\n').trimEnd());
}

function fillTemplate(path: string, values: object): string {
  const template = Handlebars.compile(readShipped(path), { strict: true, noEscape: true });
  return template(values, { helpers: { sh: quoteForCron, unit, word: unitWord, argument, plain: isPlain } });
}

/** Options that say how the schedule itself is printed, or stand in it in their own places. */
const apart = ['cron', 'systemd', 'json', 'quiet', 'no-input', 'debug', 'project', 'database', 'out'];

/** The words of the options of a night: those given, and those that an unattended night needs. */
function listWords({ metrics, retryFor }: ScheduleFlags, given: Given, usual: string[][]): string[] {
  const own = [...given].flatMap(([option, text]) => {
    if (apart.includes(option.name())) return [];
    const value = option.name() === 'metrics' && metrics !== undefined ? resolve(metrics) : text;
    return [[`--${option.name()}`, ...(value === undefined ? [] : [value])]];
  });
  const more = retryFor > 0 ? usual : [['--retry-for', '2h'], ...usual];
  const names = own.map(([name]) => name);
  return [...more.filter(([name]) => !names.includes(name)), ...own].flat();
}

/** Tells whether a word needs no quotes. */
function isPlain(text: string): boolean {
  return /^[\w.,:/@+-]+$/.test(text);
}

/** A word for sh, in a crontab: there `%` ends the command, and quotes do not protect it. */
function quoteForCron(text: string): string {
  return `'${text.replaceAll("'", `'\\''`).replaceAll('%', '\\%')}'`;
}

/** For a line of a unit: `%` begins a specifier (systemd.unit(5), “Specifiers”). */
function unit(text: string): string {
  return text.replaceAll('%', '%%');
}

/** For a word of a unit, between double quotes (systemd.syntax(7), “Quoting”). */
function unitWord(text: string): string {
  return unit(text).replaceAll(/["\\]/g, '\\$&');
}

/** For an argument of a command, where `$` begins a variable (systemd.service(5), “Command lines”); its program has none. */
function argument(text: string): string {
  return unitWord(text).replaceAll('$', '$$$$');
}

/** The folders in which files of a night are made. */
function listWritable(files: readonly (string | undefined)[]): string[] {
  return [...new Set(files.flatMap((file) => (file ? findFolder(dirname(resolve(file))) : [])))];
}

/** The nearest existing folder, itself or above it. A service could neither create a missing one nor start in it. */
function findFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : findFolder(dirname(path));
}

/** A URL with everything that cron's environment will lack, except the password; and whether there is a password to set there. */
function resolveServer(text: string, env: Environment): { url: string; secret: boolean } {
  const { places, password, own, settings } = readAddress(text, env);
  for (const [name, value] of Object.entries(own)) if (value) settings.set(name, value);
  const query = settings.toString();
  return { url: writeUrl(places) + (query && `?${query}`), secret: Boolean(password || env.PGPASSWORD) };
}
