// Writes what follows from the code into the documents: the help of each command into docs/cli, and the schema of zen.json.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { buildProgram } from '../src/cli/program.ts';
import { listSettings } from '../src/cli/settings.ts';
import { buildSchema } from '../src/project/schema.ts';

const schema = JSON.stringify(buildSchema(listSettings(buildProgram())));
writeFileSync('templates/zen.schema.json', await format(schema, { parser: 'json', printWidth: 110 }));

for (const command of buildProgram().commands) {
  const path = `docs/cli/${command.name()}.md`;
  const help = command.configureHelp({ helpWidth: 110 }).helpInformation().trim();
  const page = existsSync(path)
    ? readFileSync(path, 'utf8')
    : `# zen ${command.name()}\n\n${command.description()}\n\n<!-- help -->\n\`\`\`\n\`\`\`\n`;
  const block = /(<!-- help -->\n```\n)[^]*?(```)/;
  writeFileSync(
    path,
    page.replace(block, (_, open: string, close: string) => `${open}${help}\n${close}`),
  );
}
