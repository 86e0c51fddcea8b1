import { Command, Option } from 'commander';
import { environment } from '../config.ts';
import { ZenError } from '../errors.ts';
import { version } from '../files.ts';
import { useLog } from '../log/source.ts';
import type { OwnLog } from '../log/source.ts';
import { openProject } from '../project/project.ts';
import type { Project } from '../project/project.ts';
import { usualLimits } from '../nightly/checks.ts';
import { readLocale } from '../render/locale.ts';
import { parseColumns } from '../restore/columns.ts';
import { requireEncoding } from '../restore/encoding.ts';
import { timeUnits } from '../restore/times.ts';
import { dayMs, parseDuration } from '../time.ts';
import { runAggregate } from './commands/aggregate.ts';
import { runCheck } from './commands/check.ts';
import { runConfig } from './commands/config.ts';
import { runMail } from './commands/mail.ts';
import { runPrune } from './commands/prune.ts';
import { listPages, runRender } from './commands/render.ts';
import { runRestore } from './commands/restore.ts';
import { runStatus } from './commands/status.ts';
import { runVerify } from './commands/verify.ts';
import { runExport } from './commands/export.ts';
import type { ExportFlags } from './commands/export.ts';
import { runInit } from './commands/init.ts';
import type { PruneFlags } from './commands/prune.ts';
import type { RenderFlags } from './commands/render.ts';
import type { RestoreFlags } from './commands/restore.ts';
import { runNightly } from './commands/nightly.ts';
import type { NightlyFlags } from './commands/nightly.ts';
import type { ScheduleFlags } from './commands/schedule.ts';
import {
  commonOptions,
  dateOptions,
  dropUnset,
  jsonOption,
  option,
  parseAddresses,
  parseCount,
  parseEvents,
  parseMark,
  parseMode,
  parseMonitor,
  parseSize,
  parseTimes,
  parseUrl,
  projectOption,
  collectValues,
} from './options.ts';
import { applySettings, collectGiven, listSettings, requireKnown } from './settings.ts';
import type { CommonOptions } from './options.ts';
import type { Streams } from './terminal.ts';

const timesHelp = 'times are YYYY-MM-DD [HH:MM[:SS]] or ISO 8601, in UTC unless they carry an offset';

/**
 * The command line: what each command takes, and what it runs.
 *
 * @param complain takes what is wrong with it, instead of stderr
 */
export function buildProgram(streams?: Streams, complain?: (text: string) => void): Command {
  let project: Project | undefined;
  const program = new Command('zen')
    .description('From a PostgreSQL backup of an interaction log to one self-contained HTML dashboard.')
    .version(version())
    .exitOverride()
    .configureOutput(complain ? { writeErr: complain } : {})
    .showHelpAfterError('Run it with --help for what it takes.')
    .hook('preSubcommand', (_, { options }) => {
      requireKnown(program, environment());
      dropUnset(options, environment());
    })
    .hook('preAction', async (_, command) => {
      if (command.name() === 'init') return; // of another project that lies above, nothing is of use
      const { project: given } = command.opts<{ project?: string }>();
      project = await openProject(given, listSettings(program)).catch((error: unknown) => {
        const isChecked = command.name() === 'check' && error instanceof ZenError;
        throw isChecked ? new ZenError('stale', error.message, { cause: error }) : error;
      });
      applySettings(command, project, environment());
      useLog(project?.value.log as OwnLog | undefined);
      const { locale } = command.opts<{ locale?: string }>();
      if (locale !== undefined) readLocale(locale); // before anything is done
    });
  addCommand(program, 'restore', 'load the log from a backup into log_raw', [
    option('--create', 'create the database if the server does not have it'),
    option('--append', 'add to the log instead of replacing it'),
    option('--yes', 'replace a log that is not empty without asking'),
    option('--allow-empty', 'take a dump that holds no rows, too'),
    option(
      '--table <name>',
      'a table to take from the dump, name or schema.name, where * is any text; may be repeated (default: log_raw)',
    ).argParser(collectValues),
    option('--null <word>', 'a value that means NULL, in any column; may be repeated').argParser(
      collectValues,
    ),
    option(
      '--columns <map>',
      'the columns of the log that have other names in the dump: ts=created_at,item_topic=category …',
      parseColumns,
    ),
    option('--dry-run', 'read the dump, and tell what would be restored, without a database'),
    option('--dbname <name>', 'the database to take from a script that has several'),
    option(
      '--delimiter <mark>',
      'what separates the values of a CSV (default: told by its header)',
      parseMark,
    ),
    option('--quote <mark>', 'what its values are quoted with (default: told by its first rows)', parseMark),
    option('--escape <mark>', 'what stands before a quote within quotes (default: the same)', parseMark),
    option(
      '--encoding <name>',
      'the encoding of a file that does not say it, as in windows-1251 (default: UTF-8)',
      requireEncoding,
    ),
    option(
      '--time-unit <unit>',
      'the unit of a ts that is a number (default: told by its magnitude)',
    ).choices(timeUnits),
  ])
    .argument(
      '<dump...>',
      'custom, directory, tar or plain SQL from pg_dump, CSV with a header, or JSON; the parts of a split file in order; - is stdin',
    )
    .action((dumps: string[], flags: RestoreFlags) => runRestore(dumps, flags, streams));
  addCommand(program, 'aggregate', `fill dash_visits and dash_engagement; ${timesHelp}`, [
    ...dateOptions(
      'first minute (default: catch up with whatever is not aggregated yet, from the first event)',
      'end, not included (default: the last UTC midnight)',
    ),
    ...reading(),
    option('--allow-empty', 'also empty minutes of which the log has no more events; else they stay'),
    option('--dry-run', 'do the work, tell the figures, and undo it'),
  ]).action(runAggregate);
  addCommand(program, 'render', `write the dashboard; ${timesHelp}`, [
    outOption('where to write it; - for stdout'),
    mode(),
    ...dateOptions(
      'first minute (default: the first aggregated one)',
      'end, not included (default: after the last aggregated one)',
    ),
    option(
      '--last <duration>',
      'instead of a first minute: as much as this before the end, which is then the last UTC midnight by default: 24h, 7d …',
      parseDuration,
    ),
    ...drawing(),
  ]).action((flags: RenderFlags) => runRender(flags, listPages(project, flags.out), streams));
  addCommand(
    program,
    'nightly',
    'aggregate what is missing, look whether it can be shown, and publish the page; exit 5 when not',
    night(),
  ).action((flags: NightlyFlags) => runNightly(flags, listPages(project, flags.out)));
  addCommand(program, 'prune', 'take old days, up to a UTC midnight, out of the log and the aggregates', [
    ...pruning(),
    option('--yes', 'take them out without asking'),
    option('--dry-run', 'do the work, tell the figures, and undo it'),
  ]).action((flags: PruneFlags) => runPrune(flags, streams));
  const schedule = addCommand(
    program,
    'schedule',
    'print what makes zen nightly run at midnight UTC, for this installation',
    [
      new Option('--cron', 'a line for crontab'),
      new Option('--systemd', 'a service and a timer, and a service that mails a failure'),
      ...night(),
    ],
  );
  const given = collectGiven(schedule);
  schedule.action(async (flags: ScheduleFlags) => {
    (await import('./commands/schedule.ts')).runSchedule(flags, given, listPages(project, flags.out)); // with Handlebars, which no other command's start needs
  });
  addCommand(program, 'status', 'tell what is aggregated, what is missing, and what has changed since', [
    option(
      '--max-age <duration>',
      'exit 5 when the end of what is aggregated, or the last event of the log, is older: 36h, 2d …',
      parseDuration,
    ),
  ]).action(runStatus);
  addCommand(
    program,
    'verify',
    'look whether a page is what it states, and with --database whether that still has its numbers',
    [largest(), comparedDatabase()],
  )
    .argument('<page>', 'a page that zen rendered')
    .action(runVerify);
  addCommand(program, 'mail', 'write a message about a page, to be sent by sendmail or any other', [
    option('--from <address>', 'who it is from', parseAddresses),
    option('--to <addresses>', 'who it is for, with commas between', parseAddresses),
    option('--url <url>', 'where the page can be opened', parseUrl),
    option('--attach <MB>', 'attach the page when it has at most so many megabytes', parseSize).default(7),
    new Option('--out <file>', 'where to write it (default: -, stdout)'), // ZEN_OUT is the page
    mode(),
    largest(),
    comparedDatabase(),
  ])
    .argument('<page>', 'a page that zen rendered')
    .action(runMail);
  addCommand(program, 'export', `write the rows of an aggregate to stdout; ${timesHelp}`, [
    ...dateOptions(
      'first minute (default: the first aggregated one)',
      'end, not included (default: the last one)',
    ),
    new Option('--json', 'a JSON object a line, instead of CSV'),
  ])
    .argument('<aggregate>', 'the name of its file in sql/aggregates, such as visits')
    .action((name: string, flags: ExportFlags) => runExport(name, flags, streams));
  program
    .command('init')
    .description(
      'make a small project that works: settings, an aggregate, a chart, and events to try them on',
    )
    .argument('[folder]', 'where to make it', '.')
    .action((folder: string) => {
      runInit(folder, streams);
    });
  const check = addCommand(
    program,
    'check',
    'look whether all is as it must be, and write nothing: zen.json, SQL, charts, database',
    [],
  );
  check.action((flags: CommonOptions) => runCheck(flags, project?.file, streams));
  program
    .command('config')
    .description(
      'print what is in force of all options, and where it is from: the environment, zen.json or a default',
    )
    .addOption(projectOption)
    .addOption(jsonOption)
    .action((flags: { json?: boolean }) => {
      runConfig(program, project, flags, streams ?? process);
    });
  return program;
}

function addCommand(program: Command, name: string, description: string, options: Option[]): Command {
  const added = program.command(name).description(description);
  const own = new Set(options.map(({ long }) => long));
  for (const each of [...options, ...commonOptions.filter(({ long }) => !own.has(long))])
    added.addOption(each);
  return added;
}

/** In the place of the common `--database`, for what reads a page. */
function comparedDatabase(): Option {
  return new Option(
    '--database <url>',
    'compare the page with this one, too: postgres://… for a server, a folder for the embedded database (default: none is opened)',
  );
}

function outOption(description = 'where to write it'): Option {
  return option('--out <file>', description).default('output/zen.html');
}

/** The options of a night, which a schedule carries. */
function night(): Option[] {
  return [
    outOption(),
    mode(),
    option(
      '--last <duration>',
      'how much the page shows, up to the last UTC midnight: 24h, 7d …',
      parseDuration,
    ).default(7 * dayMs, '7d'),
    option('--archive', 'also keep the page under its last day, as in zen-2026-11-22.html'),
    option('--keep <n>', 'how many of these to keep', parseCount).default(30),
    option(
      '--heal <duration>',
      'aggregate days of the last 7d, 30d … anew to which events came late; 0 for none',
      parseDuration,
    ).default(7 * dayMs, '7d'),
    option(
      '--retry-for <duration>',
      'try a server that cannot be reached again, with growing pauses, for so long: 2h …',
      parseDuration,
    ).default(0, '0'),
    new Option('--no-aggregate', 'check and publish what another engine has written into the tables'),
    option(
      '--min-events <n>',
      'publish only when the last day has so many events; 0: whatever it has',
      parseEvents,
    ).default(usualLimits.minEvents),
    option(
      '--max-change <times>',
      'warn when the last day has so many times more, or fewer, events than the median of the days before',
      parseTimes,
    ).default(usualLimits.maxChange),
    option(
      '--min-silence <duration>',
      'warn of a suspicious stretch without events when it is as long: 5m, 2h …',
      parseDuration,
    ).default(usualLimits.minSilence, '5m'),
    option(
      '--fail-on <outcome>',
      'what keeps the page from being published: a failed check, or a warning, too',
    )
      .choices(['fail', 'warn'])
      .default('fail'),
    option('--force', 'publish although a check failed, with a warning on the page'),
    option('--log-format <format>', 'how the steps are told').choices(['text', 'json']).default('text'),
    option('--metrics <file>', 'write the figures of the night for Prometheus, also when it failed'),
    option(
      '--ping <url>',
      'tell a monitor such as healthchecks.io: <url>/start, then <url>, or <url>/<exit code> when it failed',
      parseMonitor,
    ),
    ...reading(),
    ...drawing(),
    ...pruning(),
    new Option('--quiet', 'print nothing, unless something is wrong'),
  ];
}

function mode(): Option {
  return option(
    '--mode <octal>',
    'who may read the file: 640, 644 … (default: as what it replaces, else 640)',
    parseMode,
  );
}

/** The options on reading the log. */
function reading(): Option[] {
  return [
    option(
      '--lookback <duration>',
      'without a first minute: read this much again, for late events: 6h, 2d …',
      parseDuration,
    ),
    option(
      '--minute <rule>',
      "an event's minute: the one it happened in, or the nearest one as in the original",
    )
      .choices(['floor', 'nearest'])
      .default('floor'),
    option(
      '--jobs <n>',
      'how many days to work on at once (default: one for each core, at most 4; embedded: 1)',
      parseCount,
    ),
    option(
      '--users',
      'fill dash_users whatever it takes: how many people come back, by minute (default: for most of a day)',
    ),
    new Option('--no-users', 'do not fill dash_users'),
  ];
}

/** Beyond which a file is read no further: it may be a stranger's. */
function largest(): Option {
  return option(
    '--max-size <MB>',
    'megabytes that the page may have; a larger one is refused',
    parseSize,
  ).default(18);
}

/** The options on drawing the page. */
function drawing(): Option[] {
  return [
    option(
      '--max-size <MB>',
      'megabytes that the page may take; hours stand for its oldest minutes when it must be smaller',
      parseSize,
    ).default(18),
    option(
      '--min-cell <n>',
      'merge groups (topic, age, event) of fewer people than this; 1 for none',
      parseCount,
    ).default(10),
    option('--locale <name>', 'language of the page: ru, en, or one of the project').default('ru'),
    option('--title <text>', 'title of the page'),
  ];
}

/** The options on what is not kept for ever. */
function pruning(): Option[] {
  return [
    option(
      '--prune-raw <duration>',
      'take events out of the log that are older than this, and aggregated: 30d … (default: none)',
      parseDuration,
    ),
    option(
      '--prune-aggregates <duration>',
      'take rows out of the aggregates that are older than this: 400d … (default: none)',
      parseDuration,
    ),
  ];
}
