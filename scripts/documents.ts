// Makes what follows from the code in the documents: the help of each command, the settings of zen.json
// and their schema, and the messages of errors.
import { existsSync, readFileSync } from 'node:fs';
import { format } from 'prettier';
import { buildProgram } from '../src/cli/program.ts';
import { listSettings } from '../src/cli/settings.ts';
import { describeMessages } from './troubleshooting.ts';
import { buildSchema, type Schema } from '../src/project/schema.ts';

/** Returns what each document that is generated, in whole or in part, must hold, by its path. */
export async function buildDocuments(): Promise<Record<string, string>> {
  const program = buildProgram();
  const schema = buildSchema(listSettings(program));
  return {
    'templates/zen.schema.json': await format(JSON.stringify(schema), { parser: 'json', printWidth: 110 }),
    'docs/zen-json.md': describeSettings(schema),
    ...describeMessages(),
    ...Object.fromEntries(
      program.commands.map((command) => {
        const help = command.configureHelp({ helpWidth: 110 }).helpInformation().trim();
        return [`docs/cli/${command.name()}.md`, putHelp(command.name(), command.description(), help)];
      }),
    ),
  };
}

/** Returns the page of a command with its present help; a new command gets a page. */
function putHelp(name: string, description: string, help: string): string {
  const path = `docs/cli/${name}.md`;
  const page = existsSync(path)
    ? readFileSync(path, 'utf8')
    : `# zen ${name}\n\n${description}\n\n<!-- help -->\n\`\`\`\n\`\`\`\n`;
  if (!page.includes('<!-- help -->')) throw new Error(`${path} has no place for the help: <!-- help -->.`);
  const block = /(<!-- help -->\n```\n)[^]*?(```)/;
  return page.replace(block, (_, open: string, close: string) => `${open}${help}\n${close}`);
}

const aboutSettings = `# zen.json

For analysts and operators who look for a setting of a [project](projects.md). \`npm run readme\` writes this page from the schema.

A setting at the top holds for all commands that have it. One under a command's name holds for that command alone.
`;

/** Returns docs/zen-json.md: a heading for the top, one for each object below it, and a row for each setting. */
function describeSettings(schema: Schema): string {
  const top = propertiesOf(schema);
  const [objects, shared] = partition(Object.entries(top), ([, value]) => 'properties' in value);
  const sections = objects.map(([name, section]) => {
    const [also, own] = partition(
      Object.entries(propertiesOf(section)),
      ([key]) => name !== 'log' && key in top,
    );
    const rows = own.length > 0 ? `\n${table(own.flatMap(([key, value]) => listRows(key, value)))}` : '';
    const rest = also.map(([key]) => `\`${key}\``).join(', ');
    return `## ${name}\n${rows}${rest === '' ? '' : `\nAlso, from the top: ${rest}.\n`}`;
  });
  const first = `## At the top\n\n${table(shared.flatMap(([key, value]) => listRows(key, value)))}`;
  return [aboutSettings, first, ...sections].join('\n');
}

function table(rows: string[]): string {
  return ['| setting | may be | is |', '| --- | --- | --- |', ...rows].map((row) => `${row}\n`).join('');
}

function listRows(name: string, setting: Schema): string[] {
  const row = `| \`${name}\` | ${kindOf(setting)} | ${sentence(setting).replaceAll('|', '\\|')} |`;
  const inner = [setting, (setting.items ?? {}) as Schema].find((one) => 'properties' in one);
  const within = Object.entries(inner ? propertiesOf(inner) : {});
  return [row, ...within.flatMap(([key, value]) => listRows(`${name}.${key}`, value))];
}

function sentence({ description }: Schema): string {
  return String(description);
}

function kindOf({ enum: choices, items, type }: Schema): string {
  if (Array.isArray(choices)) return choices.map((choice) => `\`${String(choice)}\``).join(', ');
  if (items !== undefined) return 'list';
  if (type === 'boolean') return 'true, false';
  return [type].flat().join(', ').replace('string', 'text');
}

function propertiesOf(schema: Schema): Record<string, Schema> {
  return schema.properties as Record<string, Schema>;
}

function partition<Item>(items: Item[], isFirst: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}
