import { Command, Option } from 'commander';
import { environment } from '../config.ts';
import { useSchema } from '../db/schema.ts';
import { ZenError } from '../errors.ts';
import { findShipped, version } from '../files.ts';
import { useLog } from '../log/source.ts';
import type { OwnLog } from '../log/source.ts';
import { useGroups } from '../log/named-groups.ts';
import { useSteps } from '../log/steps.ts';
import { openProject } from '../project/project.ts';
import type { Project } from '../project/project.ts';
import { usualLimits } from '../nightly/checks.ts';
import { useLayout } from '../render/layout.ts';
import { readLocale } from '../render/locale.ts';
import { parseSteps } from '../render/steps.ts';
import { parseColumns, parseKinds } from '../restore/columns.ts';
import { requireEncoding } from '../restore/encoding.ts';
import { timeUnits } from '../restore/times.ts';
import { dayMs, parseDuration } from '../time.ts';
import type { AggregateFlags } from './commands/aggregate.ts';
import type { MailFlags } from './commands/mail.ts';
import type { PreviewFlags, Sight } from './commands/preview.ts';
import type { StatusFlags } from './commands/status.ts';
import type { VerifyFlags } from './commands/verify.ts';
import type { ExportFlags } from './commands/export.ts';
import type { PruneFlags } from './commands/prune.ts';
import type { RenderFlags } from './commands/render.ts';
import type { RestoreFlags } from './commands/restore.ts';
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
  parsePort,
  parseSize,
  parseTimes,
  parseTimeZone,
  parseFile,
  parseTitle,
  parseUrl,
  projectOption,
  collectValues,
} from './options.ts';
import { examples, first } from './examples.ts';
import {
  applySettings,
  collectGiven,
  listSettings,
  refusalOf,
  requireKnown,
  tryOptions,
} from './settings.ts';
import type { CommonOptions } from './options.ts';
import { listPages } from './pages.ts';
import type { Streams } from './terminal.ts';

/**
 * Builds the command line: the options of each command, and the function that runs it.
 *
 * @param complain receives complaints about the command line, instead of stderr
 */
export function buildProgram(streams?: Streams, complain?: (text: string) => void): Command {
  let project: Project | undefined;
  /** Opens the project of a command: its files override those of zen, and the options given override its settings. */
  const open = async (command: Command) => {
    const { project: given } = command.opts<{ project?: string }>();
    project = await openProject(given, listSettings(program)).catch((error: unknown) => {
      const isChecked = command.name() === 'check' && error instanceof ZenError;
      throw isChecked ? new ZenError('stale', error.message, { cause: error }) : error;
    });
    applySettings(command, project, environment());
    useLog(project?.value.log as OwnLog | undefined);
    useSchema((project?.value.aggregates as { schema?: string } | undefined)?.schema);
    useSteps(project?.value.funnel as string[] | undefined);
    useGroups(project?.value.groups as Record<string, string[]> | undefined);
    useLayout(project?.value ?? {});
    const { locale } = command.opts<{ locale?: string }>();
    if (locale !== undefined) readLocale(locale); // before anything is done
  };
  const program = new Command('zen')
    .description('From a PostgreSQL backup of an interaction log to one self-contained HTML dashboard.')
    .version(version())
    .exitOverride()
    .configureOutput(complain ? { writeErr: complain } : {})
    .showHelpAfterError('See zen --help.')
    .hook('preSubcommand', (_, { options }) => {
      requireKnown(program, environment());
      dropUnset(options, environment());
    })
    .hook('preAction', async (_, command) => {
      if (command.name() !== 'init') await open(command); // a new project takes nothing from one in a folder above it
    });
  program.commandsGroup('From a backup to a page:');
  program
    .command('demo')
    .description(
      'make a page from the log that ships with Zen: restore, aggregate and render in the current folder',
    )
    .action(async () => {
      const { runDemo } = await import('./commands/demo.ts');
      await runDemo((args) => buildProgram(streams).parseAsync(args, { from: 'user' }), streams);
    });
  addCommand(program, 'restore', 'load the log from a backup into log_raw', [
    option('--create', 'create the database if the server does not have it'),
    option('--append', 'add to the log instead of replacing it'),
    option('--yes', 'replace a log that is not empty without asking'),
    option('--allow-empty', 'accept a dump without rows'),
    option(
      '--table <name>',
      'a table to take from the dump: name or schema.name, * for any text; may be repeated (default: log_raw)',
    ).argParser(collectValues),
    option('--null <word>', 'a value that means NULL, in any column; may be repeated').argParser(
      collectValues,
    ),
    option(
      '--columns <map>',
      'names that the dump has for columns of the log: ts=created_at,item_topic=category …; age_segment= where it has none',
      parseColumns,
    ),
    option(
      '--events <map>',
      'kinds of event under other names in the dump: impression=show,press=click …',
      parseKinds,
    ),
    option('-n, --dry-run', 'read the dump and report what would be restored; needs no database'),
    option('--dbname <name>', 'the database to take from a script that has several'),
    option(
      '--delimiter <mark>',
      'the character between the values of a CSV (default: from its header)',
      parseMark,
    ),
    option(
      '--quote <mark>',
      'the character around the values of a CSV (default: from its first rows)',
      parseMark,
    ),
    option(
      '--escape <mark>',
      'the character before a quote inside quotes (default: the quote itself)',
      parseMark,
    ),
    option(
      '--encoding <name>',
      'the encoding of a file that does not state it, such as windows-1251 (default: UTF-8)',
      requireEncoding,
    ),
    option('--time-unit <unit>', 'the unit of a numeric ts (default: from its magnitude)').choices(timeUnits),
  ])
    .argument(
      '<dump...>',
      'custom, directory, tar or plain SQL from pg_dump, CSV with a header, JSON, Parquet, or binary COPY; several files are the parts of a split one, in order; - is stdin',
    )
    .action(async (dumps: string[], flags: RestoreFlags) =>
      (await import('./commands/restore.ts')).runRestore(dumps, flags, streams),
    );
  addCommand(program, 'aggregate', 'fill dash_visits and dash_engagement', [
    ...dateOptions('window', 'everything not aggregated yet, from the first event', 'the last UTC midnight'),
    ...reading(),
    option('--allow-empty', 'also empty minutes whose events are gone from the log (default: keep them)'),
    option('-n, --dry-run', 'do the work, report the figures, and undo it'),
  ]).action(async (flags: AggregateFlags) => (await import('./commands/aggregate.ts')).runAggregate(flags));
  const rendering = addCommand(program, 'render', 'write the dashboard', [
    outOption('file to write; - for stdout'),
    mode(),
    ...dateOptions('period', 'the first aggregated minute', 'after the last aggregated minute'),
    option(
      '--last <duration>',
      'length of the period, instead of --start-dt; it ends at the last UTC midnight unless --end-dt is given: 24h, 7d …',
      parseDuration,
    ),
    ...drawing(),
  ]).action(async (flags: RenderFlags) =>
    (await import('./commands/render.ts')).runRender(flags, listPages(project, flags.out), streams),
  );
  /** Lists the settings of a project that a command would refuse, in its words. */
  const listRefused = (of: Project) => {
    const ofPages = refusalOf(() => {
      applySettings(rendering, of, environment());
      const { locale, out } = rendering.opts<RenderFlags>();
      readLocale(locale);
      listPages(of, out);
    });
    return [...new Set([...tryOptions(program, of), ...(ofPages === undefined ? [] : [ofPages])])];
  };
  program.commandsGroup('Every night:');
  addCommand(
    program,
    'nightly',
    'aggregate what is missing, check it, and publish the page; exit 5 if a check fails',
    night(),
  ).action(async (flags: NightlyFlags) =>
    (await import('./commands/nightly.ts')).runNightly(flags, listPages(project, flags.out)),
  );
  const schedule = addCommand(
    program,
    'schedule',
    'print a crontab line, or a service and timer, that runs zen nightly at midnight UTC',
    [
      new Option('--cron', 'a line for crontab'),
      new Option('--systemd', 'a service and a timer, and a service that mails a failure'),
      ...night(),
    ],
  );
  const given = collectGiven(schedule);
  schedule.action(async (flags: ScheduleFlags) => {
    (await import('./commands/schedule.ts')).runSchedule(flags, given, listPages(project, flags.out));
  });
  addCommand(program, 'status', 'report what is aggregated, what is missing, and what has changed since', [
    option(
      '--deep',
      'compare the whole log with the tables and look for silences in it, even beyond 500,000 events',
    ),
    option(
      '--max-age <duration>',
      'exit 5 if the aggregated data or the last event of the log is older: 36h, 2d …',
      parseDuration,
    ),
  ]).action(async (flags: StatusFlags) => (await import('./commands/status.ts')).runStatus(flags));
  addCommand(program, 'prune', 'delete old days, up to a UTC midnight, from the log and the aggregates', [
    ...pruning(),
    option('--yes', 'delete without asking'),
    option('-n, --dry-run', 'do the work, report the figures, and undo it'),
  ]).action(async (flags: PruneFlags) => (await import('./commands/prune.ts')).runPrune(flags, streams));
  program.commandsGroup('A page that was made:');
  addCommand(
    program,
    'verify',
    'check that a page is intact, and with --database that the tables still have its numbers',
    [largest(), comparedDatabase()],
  )
    .argument('<page>', 'a page that zen rendered')
    .action(async (page: string, flags: VerifyFlags) =>
      (await import('./commands/verify.ts')).runVerify(page, flags),
    );
  addCommand(program, 'mail', 'write a message about a page, for sendmail or a relay', [
    option('--from <address>', 'the sender', parseAddresses),
    option('--to <addresses>', 'the recipients, separated by commas', parseAddresses),
    option('--url <url>', 'where the page can be opened', parseUrl),
    option('--attach [MB]', 'attach the page if it is at most this large, in MB', parseSize).preset('7'),
    new Option('-o, --out <file>', 'file to write (default: -, stdout)').argParser(parseFile), // ZEN_OUT is the page
    mode(),
    largest(),
    comparedDatabase(),
  ])
    .argument('<page>', 'a page that zen rendered')
    .action(async (page: string, flags: MailFlags) =>
      (await import('./commands/mail.ts')).runMail(page, flags),
    );
  program.commandsGroup('A dashboard of your own:');
  program
    .command('init')
    .description(
      'make a small project that works: settings, an aggregate, a chart, and events to try them on',
    )
    .argument('[folder]', 'the folder to make it in', '.')
    .action(async (folder: string) => {
      (await import('./commands/init.ts')).runInit(folder, streams);
    });
  const check = addCommand(
    program,
    'check',
    'check a project and its database (zen.json, SQL, charts, rights), and write nothing',
    [],
  );
  check.action(async (flags: CommonOptions) =>
    (await import('./commands/check.ts')).runCheck(
      flags,
      project,
      project ? listRefused(project) : [],
      streams,
    ),
  );
  const preview = addCommand(
    program,
    'preview',
    'serve the page of a project on this machine, and show each change to its files',
    [
      ...dateOptions('period', 'the first aggregated minute', 'after the last aggregated minute'),
      option('--last <duration>', 'length of the period, instead of --start-dt: 24h, 7d …', parseDuration),
      option('--port <n>', 'the port on 127.0.0.1 (default: any that is free)', parsePort),
      option('--open', 'open it in the browser'),
      ...drawing(),
    ],
  );
  preview.action(async (flags: PreviewFlags) => {
    const reread = async (): Promise<Sight> => {
      await open(preview);
      return { flags: preview.opts(), project, reread };
    };
    const { runPreview } = await import('./commands/preview.ts');
    return runPreview({ flags, project, reread }, streams);
  });
  program
    .command('config')
    .description(
      'print the settings in force, and where each comes from: the environment, zen.json or a default',
    )
    .addOption(projectOption)
    .addOption(jsonOption)
    .action(async (flags: { json?: boolean }) => {
      (await import('./commands/config.ts')).runConfig(program, project, flags, streams ?? process);
    });
  addCommand(program, 'export', 'write the rows of an aggregate to stdout', [
    ...dateOptions('period', 'the first aggregated minute', 'after the last minute'),
    new Option('--json', 'write one JSON object per line instead of CSV'),
  ])
    .argument('<aggregate>', 'the name of its file in sql/aggregates, such as visits')
    .action(async (name: string, flags: ExportFlags) =>
      (await import('./commands/export.ts')).runExport(name, flags, streams),
    );
  program
    .command('sql')
    .description('print the tables, rights and statements of zen for a database administrator')
    .addOption(projectOption)
    .action(async () => {
      (await import('./commands/sql.ts')).runSql(streams);
    });
  for (const command of program.commands) {
    const name = command.name();
    command.addHelpText('after', describeMore(name));
    command.showHelpAfterError(
      `For example: ${examples[name]?.[0] ?? `zen ${name}`}\nSee zen ${name} --help.`,
    );
  }
  program.addHelpText('after', `\nExamples:\n${first}\nMore: ${findShipped('README.md')}`);
  return program;
}

/** Gives examples of a command, and the path of its page. */
function describeMore(name: string): string {
  const shown = (examples[name] ?? []).map((example) => `  ${example}\n`).join('');
  return `\nExamples:\n${shown}\nMore: ${findShipped(`docs/cli/${name}.md`)}`;
}

function addCommand(program: Command, name: string, description: string, options: Option[]): Command {
  const added = program.command(name).description(description);
  const own = new Set(options.map(({ long }) => long));
  for (const each of [...options, ...commonOptions.filter(({ long }) => !own.has(long))])
    added.addOption(each);
  return added;
}

/** Replaces the common `--database` in the commands that read a page. */
function comparedDatabase(): Option {
  return new Option(
    '--database <url>',
    'also compare the page with this database: postgres://… for a server, or a folder for the embedded database (default: do not compare)',
  );
}

function outOption(description = 'file to write'): Option {
  return option('-o, --out <file>', description, parseFile).default('output/zen.html');
}

/** The options of a night, which `zen schedule` passes on. */
function night(): Option[] {
  return [
    outOption(),
    mode(),
    option(
      '--last <duration>',
      'length of the period, up to the last UTC midnight: 24h, 7d …',
      parseDuration,
    ).default(7 * dayMs, '7d'),
    option('--archive', 'also keep a copy named after its last day, such as zen-2026-11-22.html'),
    option('--keep <n>', 'how many copies to keep', parseCount).default(30),
    option(
      '--heal <duration>',
      'aggregate days with late events again, this far back; 0 for none',
      parseDuration,
    ).default(7 * dayMs, '7d'),
    option(
      '--retry-for <duration>',
      'retry an unreachable server for this long, with growing pauses: 2h …',
      parseDuration,
    ).default(0, '0'),
    new Option('--no-aggregate', 'check and publish what another engine has written into the tables'),
    option(
      '--min-events <n>',
      'publish only if the last day has at least this many events; 0: any number',
      parseEvents,
    ).default(usualLimits.minEvents),
    option(
      '--max-change <times>',
      'warn if the last day has this many times more, or fewer, events than the median of the days before',
      parseTimes,
    ).default(usualLimits.maxChange),
    option(
      '--min-silence <duration>',
      'warn of a suspicious silence of at least this length: 5m, 2h …',
      parseDuration,
    ).default(usualLimits.minSilence, '5m'),
    option(
      '--fail-on <outcome>',
      'what keeps the page from being published: a failed check, or also a warning',
    )
      .choices(['fail', 'warn'])
      .default('fail'),
    option('--force', 'publish even if a check fails, with a warning on the page'),
    option('--log-format <format>', 'format of the progress lines').choices(['text', 'json']).default('text'),
    option(
      '--metrics <file>',
      'write the figures of the night for Prometheus, also after a failure',
      parseFile,
    ),
    option(
      '--ping <url>',
      'call a monitor such as healthchecks.io: <url>/start, then <url>, or <url>/<exit code> after a failure',
      parseMonitor,
    ),
    ...reading(),
    ...drawing(10),
    ...pruning(),
    new Option('-q, --quiet', 'print nothing unless something is wrong'),
  ];
}

function mode(): Option {
  return option(
    '--mode <octal>',
    'permissions of the file: 640, 644 … (default: those of the file it replaces, else 640)',
    parseMode,
  );
}

/** The options for reading the log. */
function reading(): Option[] {
  return [
    option(
      '--lookback <duration>',
      'when --start-dt is not given: aggregate this much again, for late events: 6h, 2d …',
      parseDuration,
    ),
    option(
      '--minute <rule>',
      "an event's minute: the one it happened in, or the nearest one, as in the original pipeline",
    )
      .choices(['floor', 'nearest'])
      .default('floor'),
    option(
      '--jobs <n>',
      'how many days to work on at once (default: one per core, at most 4; embedded: 1)',
      parseCount,
    ),
    option(
      '--users',
      'always fill dash_users: how many people come back, by minute (default: if the window covers most of a day)',
    ),
    new Option('--no-users', 'do not fill dash_users, and delete its rows for those days'),
  ];
}

/** Limits the size of a page that is read: it may come from a stranger. */
function largest(): Option {
  return option('--max-size <MB>', 'the largest page to read, in MB', parseSize).default(18);
}

/** The options for drawing the page. @param most its default size in MB: by default, what fits into a mail */
function drawing(most = 18): Option[] {
  return [
    option(
      '--max-size <MB>',
      'the largest page to write, in MB; older rows of a larger one get longer steps',
      parseSize,
    ).default(most),
    option(
      '--steps <ages>',
      'steps of the page by age: minute, 30m, hour, 3h or day, such as 1d:minute,7d:30m,30d:hour,day (default: minutes)',
      parseSteps,
    ),
    option(
      '--min-cell <n>',
      'merge groups (topic, age, event) with fewer people than this; 1: merge none',
      parseCount,
    ).default(10),
    option('--locale <name>', 'language of the page: ru, en, or one of the project').default('ru'),
    option(
      '--time-zone <name>',
      'time zone of the page, such as Europe/Moscow; days and table columns stay in UTC',
      parseTimeZone,
    ),
    option('--title <text>', 'title of the page', parseTitle),
  ];
}

/** The options for deleting old data. */
function pruning(): Option[] {
  return [
    option(
      '--prune-raw <duration>',
      'delete aggregated events older than this from the log, such as 30d (default: none)',
      parseDuration,
    ),
    option(
      '--prune-aggregates <duration>',
      'delete rows older than this from the aggregates, such as 400d (default: none)',
      parseDuration,
    ),
  ];
}
