// Makes the pages of messages (docs/messages): a page for each part of Zen, a heading for each exit code.
import { exits } from '../src/errors.ts';
import type { Failure } from '../src/errors.ts';
import { collectMessages } from './messages.ts';
import type { Message } from './messages.ts';

/** The pages by name, with what they are about and the files whose messages they have; a file belongs to the first that takes it. */
const pages: [name: string, about: string, files: RegExp][] = [
  ['scripts', 'a backup in SQL', /^src\/restore\/(sql\/|formats\/script)/],
  ['backup-files', 'the file of a backup', /^src\/restore\/(formats|compression)\//],
  ['backup-values', 'the tables, columns and values of a backup', /^src\/restore\//],
  [
    'projects',
    'a project: its settings, log, aggregates and charts',
    /^src\/(project|log|cli\/settings|render\/(charts|fields|page|panels))/,
  ],
  ['database', 'the database: connections, tables, rights and runs', /^src\/(db|ledger|aggregate)\//],
  ['options', 'an option or a command', /^src\/(cli|config|time)/],
  ['pages', 'a page or a mail', /^src\//],
];

/** The next step where a message does not say it itself, by the start of the message. */
const advice: [start: string, step: string][] = [
  ['Cannot read …:', 'Check the path and who may read it.'],
  ['Cannot read the dump …:', 'Check the path and who may read it.'],
  ['Cannot read the dump standard input:', 'Look at the program before the pipe: it failed.'],
  ['Cannot write …:', 'Check the folder, its rights and the space on its disk.'],
  ['Cannot write the result:', 'Check where stdout leads, and the space on that disk.'],
  ['Nothing was changed', 'You answered no. Type y to go on, or give `--yes`.'],
  ['Interrupted', 'Somebody pressed Ctrl-C or ended the process. Run it again.'],
  ['A check failed', 'The lines above name it, and say how to fix it.'],
  ['… checks failed', 'The lines above name them, and say how to fix each.'],
  ['The settings of this page cannot be read', 'The page was altered or cut short. Render it again.'],
  ['The manifest of this page cannot be read', 'The page was altered or cut short. Render it again.'],
  ['The data of this page cannot be read: …', 'The page was altered or cut short. Render it again.'],
  [
    'This is not a page that zen rendered',
    'Check the path. A mail program may have rewritten the page: save its attachment.',
  ],
  [
    'The new page is not what it states',
    'The old page stays. Run `zen aggregate` for the period again, and render it.',
  ],
  ['dash_… has', 'The table was changed. Drop it, and aggregate again.'],
  ['… holds no database …', 'Name one of those that the script has: `--dbname`.'],
  [
    '… is not an archive of PostgreSQL',
    'The file is damaged, or was made by another program. Make it again with `pg_dump`.',
  ],
  [
    'templates/charts/….vl.json does not compile',
    'Open the file in a Vega-Lite editor, which shows the fault.',
  ],
  [
    'templates/charts/….vl.json: usermeta.zen',
    'See what [usermeta.zen](../charts.md#what-is-in-the-file) may have.',
  ],
  ['sql/aggregates/….sql is not a SELECT', 'Run the statement in psql over a table `log` to find the fault.'],
  ['One file of sql/aggregates must say', 'Copy that comment from the file that ships with Zen.'],
  ['… is not JSON', 'Open the file in an editor that checks JSON.'],
  ['… does not exist: a project has one', 'Make the file, or name another folder with `--project`.'],
  ['… cannot be read', 'Check who may read the file.'],
  ['…, line …: zen.json', 'See [what zen.json may have](../zen-json.md).'],
  ['…, line …: “…” must be', 'See [what zen.json may have](../zen-json.md).'],
  ['“…” does not exist', 'Check the day and the month.'],
  ['The window is empty', 'Check `--start-dt` and `--end-dt`: a window ends after it starts.'],
  ['The period is empty', 'Check `--start-dt` and `--end-dt`: a period ends after it starts.'],
];

/** Returns the pages of messages by their paths. */
export function describeMessages(): Record<string, string> {
  const messages = collectMessages();
  const unused = advice.filter(([start]) => !messages.some(({ text }) => text.startsWith(start)));
  if (unused.length > 0)
    throw new Error(`No message starts so: ${unused.map(([start]) => start).join(', ')}`);
  const pageOf = ({ file }: Message) => pages.find(([, , files]) => files.test(file))?.[0];
  return Object.fromEntries(
    pages.map(([name, about]) => [
      `docs/messages/${name}.md`,
      describePage(
        about,
        messages.filter((message) => pageOf(message) === name),
      ),
    ]),
  );
}

function describePage(about: string, messages: Message[]): string {
  const kinds = Object.keys(exits).filter((kind) => messages.some(({ failure }) => failure === kind));
  const sections = kinds.map((kind) => {
    const texts = messages.filter(({ failure }) => failure === kind).map(({ text }) => text);
    return `\n## Exit code ${exits[kind as Failure]}: ${kind}\n\n${texts.sort().map(describe).join('')}`;
  });
  return `# Messages about ${about}

For everybody who looks up a message of Zen. “…” stands for the parts that vary. [Troubleshooting](../troubleshooting.md) lists the other pages.
${sections.join('')}`;
}

function describe(text: string): string {
  const step = advice.find(([start]) => text.startsWith(start))?.[1];
  return `- ${text.replaceAll('<', '\\<')}\n${step ? `  *${step}*\n` : ''}`;
}
