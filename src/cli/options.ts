import { InvalidArgumentError, Option } from 'commander';
import type { Environment } from '../config.ts';
import { ZenError } from '../errors.ts';
import { parseDuration, parseTime } from '../time.ts';

/** The options that every command takes. */
export interface CommonOptions {
  project?: string;
  database?: string;
  json?: boolean;
  quiet?: boolean;
  /** False: ask nothing. */
  input?: boolean;
  /** Milliseconds. */
  wait?: number;
}

/** An option that may also come from the environment: `--start-dt` from `ZEN_START_DT`. */
export function option(flags: string, description: string, parse?: (text: string) => unknown): Option {
  const result = new Option(flags, description);
  if (parse) result.argParser(naming(parse));
  return result.env(`ZEN_${result.name().toUpperCase().replaceAll('-', '_')}`);
}

/** Lets commander name the option or variable whose value `parse` refuses. */
function naming<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw error instanceof ZenError ? new InvalidArgumentError(error.message) : error;
    }
  };
}

/**
 * Removes variables that are empty or say no from an environment. Commander would take an empty one for a value, and any value of an
 * option without one for yes.
 *
 * @throws ZenError `usage` when the variable of an option without a value says neither yes nor no
 */
export function dropUnset(options: readonly Option[], env: Environment): void {
  for (const { envVar, required } of options) {
    const text = envVar === undefined ? undefined : env[envVar];
    if (envVar === undefined || text === undefined) continue;
    if (text === '' || (!required && !saysYes(envVar, text))) Reflect.deleteProperty(env, envVar);
  }
}

function saysYes(name: string, text: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return false;
  throw new ZenError(
    'usage',
    `${name} is “${text}”: it may be 1, true, yes or on, or 0, false, no, off or empty.`,
  );
}

/** The database that a command works in. */
export const databaseOption = new Option(
  '--database <url>',
  'postgres://… for a server, or a folder for the embedded database (env: ZEN_DATABASE_URL, DATABASE_URL, PG*; else .zen)',
);

export const projectOption = option(
  '--project <folder>',
  'the folder of a project, whose settings, aggregates and charts override those of zen (default: the nearest folder with a zen.json)',
);

export const jsonOption = new Option('--json', 'print the result as one JSON object');

export const commonOptions = [
  projectOption,
  databaseOption,
  option(
    '--wait <duration>',
    'how long to wait if another zen holds the lock: 90s, 5m … (default: not at all)',
    parseDuration,
  ),
  jsonOption,
  new Option('-q, --quiet', 'print only the result and errors'),
  new Option('--no-input', 'never ask a question: fail instead'),
  new Option('--debug', 'show where an error comes from'),
];

/** The dates as given, Unix milliseconds. */
export interface DateOptions {
  startDt?: number;
  endDt?: number;
}

/**
 * `--start-dt` and `--end-dt`, each with its hidden alias.
 *
 * @param of what they bound
 * @param start what it begins with if no start is given
 * @param end where it ends if no end is given
 */
export function dateOptions(of: string, start: string, end: string): Option[] {
  const form = 'YYYY-MM-DD [HH:MM[:SS]] or ISO 8601, in UTC unless it carries an offset';
  return [
    option('--start-dt <time>', `start of the ${of}: ${form} (default: ${start})`, parseTime),
    option('--end-dt <time>', `end of the ${of}, not included (default: ${end})`, parseTime),
    alias('--start_dt <time>', 'startDt'),
    alias('--end_dt <time>', 'endDt'),
  ];
}

/** The original's spelling of a date option, hidden from help: an alias of the option `name`. */
function alias(flags: string, name: keyof DateOptions): Option {
  const result = new Option(flags).argParser(naming(parseTime)).hideHelp();
  return Object.assign(result, { attributeName: () => name });
}

/** Reads the dates: Unix milliseconds, or undefined if not given. */
export function readDates({ startDt, endDt }: DateOptions): {
  start: number | undefined;
  end: number | undefined;
} {
  return { start: startDt, end: endDt };
}

/** @throws ZenError `usage` for `-`, where a night's page would be lost */
export function requireFile(out: string): void {
  if (out === '-') throw new ZenError('usage', 'A nightly page needs a file: name it with --out <file>.');
}

/** Collects the values of an option that may be repeated. */
export function collectValues(value: string, before?: string[]): string[] {
  return [...(before ?? []), value];
}

/** @throws ZenError `usage` for anything but a whole number from 1 to 999 */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) {
    throw new ZenError('usage', `“${text}” is not a whole number from 1 to 999: write it as 1, 2, 4 ….`);
  }
  return Number(text);
}

/** @throws ZenError `usage` for anything but a port */
export function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new ZenError('usage', `“${text}” is not a port: write a number up to 65535, such as 8080.`);
  return Number(text);
}

/** @throws ZenError `usage` for anything but a whole number from 0 */
export function parseEvents(text: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw new ZenError('usage', `“${text}” is not a number of events: write it as 0, 1, 1000 ….`);
  return Number(text);
}

/** @throws ZenError `usage` for anything but a number above 1 */
export function parseTimes(text: string): number {
  if (!/^\d{1,6}(\.\d+)?$/.test(text) || Number(text) <= 1)
    throw new ZenError('usage', `“${text}” is not a number above 1: write it as 1.5, 3, 10 ….`);
  return Number(text);
}

/** @throws ZenError `usage` for anything but one ASCII character, or \\t for a tab */
export function parseMark(text: string): string {
  if (text === '\\t') return '\t';
  if (/^\\x[01][\da-f]$/i.test(text)) return String.fromCharCode(parseInt(text.slice(2), 16));
  if (!/^[\x20-\x7e\t]$/.test(text))
    throw new ZenError(
      'usage',
      `“${text}” is not a single ASCII character: write it as '|', ';', '\\t', '\\x01' ….`,
    );
  return text;
}

/** @throws ZenError `usage` for anything but the mode of a file that its owner can read and write */
export function parseMode(text: string): number {
  if (!/^0?[67][0-7]{2}$/.test(text)) {
    throw new ZenError(
      'usage',
      `“${text}” is not a mode: write it in octal, with 6 for its owner: 640, 644 ….`,
    );
  }
  return parseInt(text, 8);
}

/** @throws ZenError `usage` for anything but a number of megabytes above 0 */
export function parseSize(text: string): number {
  if (!/^\d{1,6}(\.\d+)?$/.test(text) || Number(text) === 0) {
    throw new ZenError('usage', `“${text}” is not a size in megabytes: write it as 18, 2.5 ….`);
  }
  return Number(text);
}

/** @throws ZenError `usage` for anything without an address, or that could begin another header */
export function parseAddresses(text: string): string {
  const each = text.split(',').map((address) => address.trim());
  if (/\p{Cc}/u.test(text) || !each.every((address) => /^[^@<>]*<?[^@<>\s]+@[^@<>\s]+>?$/.test(address))) {
    throw new ZenError(
      'usage',
      `“${text}” is not an address: write it as name@example.com, or with commas between several.`,
    );
  }
  return text;
}

/** @throws ZenError `usage` for anything but a URL, and for one with a password, which would be sent */
export function parseMonitor(text: string): string {
  const { username, password } = new URL(parseUrl(text));
  if (username || password)
    throw new ZenError(
      'usage',
      'The URL of --ping holds a user or a password, which Zen does not send. Take it out.',
    );
  return text;
}

/** @throws ZenError `usage` for anything but a time zone */
export function parseTimeZone(text: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    throw new ZenError(
      'usage',
      `“${text}” is not a time zone: write its name in the IANA database, such as Europe/Moscow.`,
    );
  }
}

/** @throws ZenError `usage` for a name that only a folder may have */
export function parseFile(text: string): string {
  if (text === '' || /[/\\]$/.test(text))
    throw new ZenError('usage', `“${text}” is not a file: write ${text}zen.html.`);
  return text;
}

/** @throws ZenError `usage` for an empty title, with which a page would have no name */
export function parseTitle(text: string): string {
  if (text.trim() === '') throw new ZenError('usage', 'A page needs a title.');
  return text;
}

/** @throws ZenError `usage` for anything but a URL of http or https */
export function parseUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new ZenError('usage', `“${text}” is not a URL: write it as https://example.com/zen.html.`);
  }
  return text;
}
