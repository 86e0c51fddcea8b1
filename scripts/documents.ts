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

A setting at the top holds for every command that has the option. Under the name of a command, any of its options may stand, and holds for
that command alone; [its page](cli/render.md) lists them. Below are those that only one command has. A text may also be written as a number.
`;

/** Returns docs/zen-json.md: a heading for the top, one for each object that has settings of its own, and a row for each setting. */
function describeSettings(schema: Schema): string {
  const top = propertiesOf(schema);
  const [objects, shared] = partition(Object.entries(top), ([, value]) => 'properties' in value);
  const sections = objects.map(([name, section]) => {
    const own = Object.entries(propertiesOf(section)).filter(([key]) => name === 'log' || !(key in top));
    return own.length > 0 ? `## ${name}\n\n${describeRows(own)}` : '';
  });
  const first = `## At the top\n\n${describeRows(shared)}`;
  return [aboutSettings, first, ...sections.filter(Boolean)].join('\n');
}

function describeRows(settings: [string, Schema][]): string {
  return table(settings.flatMap(([name, setting]) => listRows(name, setting)));
}

function table(rows: string[]): string {
  return ['| setting | value | meaning |', '| --- | --- | --- |', ...rows].map((row) => `${row}\n`).join('');
}

function listRows(name: string, setting: Schema): string[] {
  const row = `| \`${name}\` | ${kindOf(setting)} | ${sentence(setting).replaceAll('|', '\\|')} |`;
  const inner = [setting, (setting.items ?? {}) as Schema].find((one) => 'properties' in one);
  const within = Object.entries(inner ? propertiesOf(inner) : {}).filter(
    ([, { description }]) => description,
  );
  return [row, ...within.flatMap(([key, value]) => listRows(`${name}.${key}`, value))];
}

function sentence({ description }: Schema): string {
  return String(description);
}

function kindOf({ enum: choices, items, type }: Schema): string {
  if (Array.isArray(choices)) return choices.map((choice) => `\`${String(choice)}\``).join(', ');
  if (items !== undefined) return 'list';
  if (type === 'boolean') return 'true, false';
  return [type].flat().includes('string') ? 'text' : String(type);
}

function propertiesOf(schema: Schema): Record<string, Schema> {
  return schema.properties as Record<string, Schema>;
}

function partition<Item>(items: Item[], isFirst: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}
