import { Command } from 'commander';
import type { Option } from 'commander';
import { version } from '../files.ts';
import { locales } from '../render/locale.ts';
import { parseDuration } from '../time.ts';
import { runAggregate, runRender, runRestore, runStatus, runVerify } from './commands.ts';
import type { RestoreFlags } from './commands.ts';
import { common, dates, option, parseJobs, parseSize } from './options.ts';
import type { Streams } from './terminal.ts';

const times = 'times are YYYY-MM-DD [HH:MM[:SS]] or ISO 8601, in UTC unless they carry an offset';

/** The command line: what each command takes, and what it runs. */
export function buildProgram(streams?: Streams): Command {
  const program = new Command('zen')
    .description('From a PostgreSQL backup of an interaction log to one self-contained HTML dashboard.')
    .version(version())
    .exitOverride()
    .showHelpAfterError('Run it with --help for what it takes.');
  command(program, 'restore', 'load the log from a backup into log_raw', [
    option('--create', 'create the database if the server does not have it'),
    option('--append', 'add to the log instead of replacing it'),
    option('--yes', 'replace a log that is not empty without asking'),
    option('--table <name>', 'the table to take from the dump, name or schema.name').default('log_raw'),
  ])
    .argument('<dump>', 'custom, directory, tar or plain SQL from pg_dump, or CSV with a header')
    .action((dump: string, flags: RestoreFlags) => runRestore(dump, flags, streams));
  command(program, 'aggregate', `fill dash_visits and dash_engagement; ${times}`, [
    ...dates(
      'first minute (default: catch up with whatever is not aggregated yet, from the first event)',
      'end, not included (default: the last UTC midnight)',
    ),
    option(
      '--lookback <duration>',
      'without a first minute: read this much again, for late events: 6h, 2d …',
    ).argParser(parseDuration),
    option(
      '--minute <rule>',
      "an event's minute: the one it happened in, or the nearest one as in the original",
    )
      .choices(['floor', 'nearest'])
      .default('floor'),
    option('--dry-run', 'do the work, tell the figures, and undo it'),
    option(
      '--jobs <n>',
      'how many days to work on at once (default: one for each core, at most 4; embedded: 1)',
    ).argParser(parseJobs),
  ]).action(runAggregate);
  command(program, 'render', `write the dashboard; ${times}`, [
    option('--out <file>', 'where to write it').default('output/zen.html'),
    ...dates(
      'first minute (default: the first aggregated one)',
      'end, not included (default: after the last aggregated one)',
    ),
    option(
      '--max-size <MB>',
      'megabytes that the page may take; hours stand for its oldest minutes when it must be smaller',
    )
      .argParser(parseSize)
      .default(18),
    option('--locale <name>', 'language of the page').choices(locales).default('ru'),
    option('--title <text>', 'title of the page'),
  ]).action(runRender);
  command(program, 'status', 'tell what is aggregated, what is missing, and what has changed since', [
    option('--max-age <duration>', 'exit 5 when the end of what is aggregated is older: 36h, 2d …').argParser(
      parseDuration,
    ),
  ]).action(runStatus);
  command(
    program,
    'verify',
    'look whether a page is what it states, and with --database whether that still has its numbers',
    [],
  )
    .argument('<page>', 'a page that zen rendered')
    .action(runVerify);
  return program;
}

function command(program: Command, name: string, description: string, options: Option[]): Command {
  const added = program.command(name).description(description);
  for (const each of [...options, ...common]) added.addOption(each);
  return added;
}
