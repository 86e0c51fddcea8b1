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
import type { CommonOptions } from '../options.ts';
import { Terminal } from '../terminal.ts';

export interface ScheduleFlags extends CommonOptions {
  cron?: boolean;
  systemd?: boolean;
  out: string;
  minEvents?: number;
}

const files = { cron: ['crontab'], systemd: ['zen.service', 'zen.timer'] };

/** Prints what makes `zen nightly` run every night, with the paths, the database and the output of this installation. */
export function runSchedule(flags: ScheduleFlags): void {
  if (flags.cron === flags.systemd)
    throw new ZenError('usage', 'Say for which scheduler: zen schedule --cron, or zen schedule --systemd.');
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
    least: flags.minEvents === undefined ? '' : ` --min-events ${flags.minEvents}`,
    user: userInfo().username,
    writable: [out, ...(folder === undefined ? [] : [folder])].map((path) => findFolder(dirname(path))),
  };
  const texts = files[kind].map((name) => fillTemplate(`templates/schedule/${name}.hbs`, values));
  const json = Object.fromEntries(files[kind].map((name, index) => [name, texts[index]]));
  new Terminal().print(flags.json ? JSON.stringify(json) : texts.join('\n').trimEnd());
}

function fillTemplate(path: string, values: object): string {
  const template = Handlebars.compile(readShipped(path), { strict: true, noEscape: true });
  return template(values, { helpers: { sh: quoteForCron, unit, word: unitWord, argument } });
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

/** The folder that is there, of it and those around it: in one that is not, a service could not make it, nor even start. */
function findFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : findFolder(dirname(path));
}

/** A URL that says all that cron's environment will not, but the password; whether there is one to be set there. */
function resolveServer(text: string, env: Environment): { url: string; secret: boolean } {
  const { places, password, own, settings } = readAddress(text, env);
  for (const [name, value] of Object.entries(own)) if (value) settings.set(name, value);
  const query = settings.toString();
  return { url: writeUrl(places) + (query && `?${query}`), secret: Boolean(password || env.PGPASSWORD) };
}
