// Tells how long the sentences of the documents are (npm run prose), and with --check fails on one of more than 30 words or a doubled word.
import { readFileSync, readdirSync } from 'node:fs';

const most = 30;

const documents = readdirSync('.', { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
  .map((entry) => `${entry.parentPath}/${entry.name}`.replace(/^\.\//, ''))
  .filter((path) => /^[\w-]+\.md$|^docs\//.test(path))
  .sort();

/** Returns the sentences of a document, in order; each item of a list and each cell of a table ends one. */
function listSentences(document) {
  const text = readFileSync(document, 'utf8')
    .replace(/^```[^]*?^```/gm, '\n')
    .replace(/<!--[^]*?-->/g, '')
    .replace(/^(?: {4}|#).*$/gm, '')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/`[^`]+`/g, (span) => span.replace(/[.!?|]/g, ''));
  return text
    .split(/\n\s*\n|^\s*(?:[-*]|\d+\.) |\||(?<=[.!?…]["”»*)]*)\s+(?=[\p{Lu}\p{N}“"*`(])/mu)
    .map((sentence) => sentence.replace(/\s+/g, ' ').trim())
    .filter((sentence) => /\p{L}/u.test(sentence));
}

/** Words are what blanks separate and has a letter or a digit. */
function listWords(sentence) {
  return sentence.split(' ').filter((word) => /[\p{L}\p{N}]/u.test(word));
}

function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

const faults = [];
const figures = documents.map((document) => {
  const sentences = listSentences(document);
  const lengths = sentences.map((sentence) => listWords(sentence).length);
  sentences.forEach((sentence, at) => {
    if (lengths[at] > most) faults.push(`${document}: ${lengths[at]} words: ${sentence}`);
    const [doubled] = /(?<![\p{L}-])(\p{L}+) \1(?![\p{L}-])/iu.exec(sentence) ?? [];
    if (doubled) faults.push(`${document}: “${doubled}”: ${sentence}`);
  });
  return { document, lengths };
});

if (process.argv.includes('--check')) {
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length > 0 ? 1 : 0;
} else {
  const all = { document: 'all', lengths: figures.flatMap(({ lengths }) => lengths) };
  for (const { document, lengths } of [...figures, all]) {
    const long = lengths.filter((length) => length > most).length;
    const share = ((100 * long) / (lengths.length || 1)).toFixed(1);
    console.log(
      `${document.padEnd(36)} ${String(lengths.length).padStart(5)} sentences, median ${String(median(lengths)).padStart(2)} words, ${share} % over ${most}`,
    );
  }
}
