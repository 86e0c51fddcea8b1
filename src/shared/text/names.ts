import type { NamedGroup } from '../data/payload.ts';
import { findGroup } from '../selection.ts';
import type { Writer } from './format.ts';
import type { Translate } from './messages.ts';

/** The titles of the fields that Zen knows. */
const titles = new Map([
  ['item_topic', 'Card topic'],
  ['source_topic', 'Source topic'],
  ['age_segment', 'Age'],
]);

/**
 * Returns the title of a field for readers. A project's own field has its name as words, which the project's language
 * may translate.
 */
export function titleOf(field: string, t: Translate): string {
  const words = field.replaceAll('_', ' ').trim();
  return t(titles.get(field) ?? words.charAt(0).toUpperCase() + words.slice(1));
}

const named = 4;

/** Some names, and how many more there are. */
export function joinNames(names: string[], { t }: Writer, between = ', '): string {
  const more = names.length - named;
  const first = names.slice(0, named).map(isolate).join(between);
  return more > 0 ? t('{names} and {count} more', { names: first, count: more }) : first;
}

/** Lists the chosen names of a field; a named group stands for all of its own. */
export function tellNames(
  field: string,
  chosen: string[],
  groups: readonly NamedGroup[],
  write: Writer,
): string {
  const group = findGroup(groups, field, chosen);
  return group ? isolate(group.name) : joinNames(chosen, write);
}

/** Letters written from right to left, and marks that change the direction of text. */
const directional =
  /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * Isolates a name of the data, so that its direction marks cannot reorder a sentence (Unicode's UAX 9, "Isolating").
 * Names without any, as most, stay unchanged.
 */
export function isolate(name: string): string {
  if (!directional.test(name)) return name;
  let open = 0;
  let text = '';
  for (const letter of name.replaceAll(/[\n\r\u0085\u2029]/g, ' ')) {
    if (/[\u2066-\u2068]/.test(letter)) open++;
    if (letter !== '\u2069' || open-- > 0) text += letter;
    open = Math.max(0, open);
  }
  return `\u2068${text}${'\u2069'.repeat(open)}\u2069`;
}
