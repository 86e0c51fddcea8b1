// Writes what follows from the options of the commands: each one's --help into the README, after its marker, and the schema of zen.json.
import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { buildProgram } from '../src/cli/program.ts';
import { listSettings } from '../src/cli/settings.ts';
import { buildSchema } from '../src/project/schema.ts';

const schema = JSON.stringify(buildSchema(listSettings(buildProgram())));
writeFileSync('templates/zen.schema.json', await format(schema, { parser: 'json', printWidth: 110 }));

let readme = readFileSync('README.md', 'utf8');
for (const command of buildProgram().commands) {
  const help = command.configureHelp({ helpWidth: 110 }).helpInformation().trim();
  const block = new RegExp(`(<!-- help ${command.name()} -->\n\`\`\`\n)[^]*?(\`\`\`)`);
  readme = readme.replace(block, (_, open: string, close: string) => `${open}${help}\n${close}`);
}
writeFileSync('README.md', readme);
