import { Option } from 'commander';
import { ZenError } from '../errors.ts';
import { parseDuration, parseTime } from '../time.ts';

/** The options that every command takes. */
export interface CommonOptions {
  database?: string;
  json?: boolean;
  quiet?: boolean;
  /** Milliseconds. */
  wait?: number;
}

/** An option with a value, which may also come from the environment: `--start-dt` from `ZEN_START_DT`. */
export function option(flags: string, description: string): Option {
  const result = new Option(flags, description);
  return result.env(`ZEN_${result.name().toUpperCase().replaceAll('-', '_')}`);
}

export const common = [
  new Option(
    '--database <url>',
    'postgres://… for a server, a folder for the embedded database (env: ZEN_DATABASE_URL, DATABASE_URL, PG*; else .zen)',
  ),
  option(
    '--wait <duration>',
    'how long to wait for another zen that holds the lock: 90s, 5m … (default: not at all)',
  ).argParser(parseDuration),
  new Option('--json', 'print the result as one JSON object'),
  new Option('--quiet', 'print nothing but the result and errors'),
  new Option('--debug', 'show where an error comes from'),
];

/** The dates as given: also in the original's spelling, with an underscore, which help does not show. */
export interface DateOptions {
  startDt?: number;
  endDt?: number;
  start_dt?: number;
  end_dt?: number;
}

/** `--start-dt` and `--end-dt`, each with its hidden alias. */
export function dates(start: string, end: string): Option[] {
  return [
    option('--start-dt <time>', start).argParser(parseTime),
    option('--end-dt <time>', end).argParser(parseTime),
    new Option('--start_dt <time>').argParser(parseTime).hideHelp(),
    new Option('--end_dt <time>').argParser(parseTime).hideHelp(),
  ];
}

/** Unix milliseconds; undefined where no date was given. */
export function readDates(options: DateOptions): { start: number | undefined; end: number | undefined } {
  return { start: options.startDt ?? options.start_dt, end: options.endDt ?? options.end_dt };
}

/** @throws ZenError `usage` for what is not a whole number from 1 on */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) {
    throw new ZenError('usage', `“${text}” is not a whole number from 1 to 999: write it as 1, 2, 4 ….`);
  }
  return Number(text);
}

/** @throws ZenError `usage` for what is not a number of megabytes above 0 */
export function parseSize(text: string): number {
  if (!/^\d{1,6}(\.\d+)?$/.test(text) || Number(text) === 0) {
    throw new ZenError('usage', `“${text}” is not a size in megabytes: write it as 18, 2.5 ….`);
  }
  return Number(text);
}

/** @throws ZenError `usage` for what holds no address, or what could begin another header */
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

/** @throws ZenError `usage` for what is no address of the web */
export function parseUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new ZenError(
      'usage',
      `“${text}” is not an address of the web: write it as https://example.com/zen.html.`,
    );
  }
  return text;
}
