// Writes what each command's --help prints into the README, after its marker.
import { readFileSync, writeFileSync } from 'node:fs';
import { buildProgram } from '../src/cli/program.ts';

let readme = readFileSync('README.md', 'utf8');
for (const command of buildProgram().commands) {
  const help = command.configureHelp({ helpWidth: 110 }).helpInformation().trim();
  const block = new RegExp(`(<!-- help ${command.name()} -->\n\`\`\`\n)[^]*?(\`\`\`)`);
  readme = readme.replace(block, (_, open: string, close: string) => `${open}${help}\n${close}`);
}
writeFileSync('README.md', readme);
