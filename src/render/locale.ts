import { messageOf, ZenError } from '../errors.ts';
import { readExtensions, readShipped } from '../files.ts';
import type { Extension } from '../files.ts';
import { parseObject } from './parse-object.ts';
import { isUsualFunnel, listEnds } from '../log/steps.ts';
import { Clock } from '../shared/text/clock.ts';
import { writer } from '../shared/text/format.ts';
import type { Writer } from '../shared/text/format.ts';
import { ofFunnel } from '../shared/text/funnel-text.ts';
import { translator } from '../shared/text/messages.ts';
import type { Translate } from '../shared/text/messages.ts';
import type { Locale } from '../shared/settings.ts';
import { remember } from './remember.ts';

/** The languages that come with Zen. */
export const locales = ['ru', 'en'] as const;

/** The name of a file in `templates/locales`. */
export type LocaleName = string;

/** Lists the languages of pages: the built-in ones, and the project's. */
export function listLocales(): LocaleName[] {
  return readExtensions('templates/locales').map(({ name }) => name);
}

/**
 * Reads a language: the same object each time. Texts missing from a project's file come from the built-in language of
 * that name, or are English.
 *
 * @param timeZone of the page's clock, by its IANA name; by default, UTC
 * @throws ZenError `usage` for an unknown language, or an invalid file
 */
export function readLocale(name: LocaleName, timeZone?: string): Locale {
  const found = readExtensions('templates/locales').find((locale) => locale.name === name);
  if (!found)
    throw new ZenError(
      'usage',
      `There is no language “${name}”. There are ${listLocales().join(', ')}; to add one, write templates/locales/${name}.json in a project.`,
    );
  return readOnce(found, timeZone, isUsualFunnel() ? null : listEnds());
}

const readOnce = remember((file: Extension, timeZone: string | undefined, ends: string[] | null): Locale => {
  const locale = readFile(file);
  const told = ends === null ? {} : tellSteps(locale, ends);
  return { ...locale, messages: { ...locale.messages, ...told }, timeZone };
});

/** Returns what writes a language's texts, by the page's clock and by UTC: made once. */
export const writersOf = remember((locale: Locale): { write: Writer; utc: Writer } => ({
  write: writer(locale),
  utc: writer(locale, new Clock()),
}));

/** Returns the translator to a language. */
export function translateTo(name: LocaleName): Translate {
  return writersOf(readLocale(name)).write.t;
}

/** Adapts the texts about shows, clicks and views to another funnel: its first, second and last step. */
function tellSteps(locale: Locale, ends: string[]): Record<string, string> {
  const t = translator(locale);
  const [first, second, last] = ends.map((step) => t(step)) as [string, string, string];
  return {
    Shows: first,
    Clicks: second,
    Views: last,
    'View rate': t('{last} of {first}', { last, first }),
    'Clicks, of shows': t('{step}, share', { step: second }),
    'Views, of shows': t('{step}, share', { step: last }),
    'Average funnel, % of shows': t('Average funnel, % of the first step'),
    'Funnel by age, % of shows': t('Funnel by age, % of the first step'),
    'Funnel by topic, % of shows': t('Funnel by topic, % of the first step'),
    'Of shows, by sums': t('Of the first step, by sums'),
    'Of clicks': t('Of the step before'),
    'of clicks': t('of the step before'),
    'No shows in this selection.': t('No first step in this selection.'),
    'Clicks are blue, views are orange; a bar is the 95% interval, a dashed line all of them together, a ring the comparison.':
      t(
        'Blue is {second}, orange is {last}; a bar is the 95% interval, a dashed line all of them together, a ring the comparison.',
        { second, last },
      ),
    [ofFunnel]: t(
      'For each step, the unique users of each minute, card topic and age, summed, divided by the same sum for the first step. Someone who comes back in another minute is counted again.',
    ),
    'A card shown, clicked or viewed: one row of the log.': t('One row of the log.'),
  };
}

function readFile({ name, isOwn, path, text }: Extension): Locale {
  if (!isOwn) return JSON.parse(text) as Locale;
  const below = locales.find((each) => each === name) ?? 'en';
  const shipped = JSON.parse(readShipped(`templates/locales/${below}.json`)) as Locale;
  const own: Partial<Locale> = parseObject(path, text, '{ "messages": { "All": "Alle" } }');
  try {
    const { messages = {}, language = name } = own;
    const wrong = Object.entries(messages).find(([, text]) => typeof text !== 'string');
    if (wrong) throw new Error(`“${wrong[0]}” has no text`);
    return {
      language: Intl.getCanonicalLocales(language)[0] ?? name,
      number: { ...shipped.number, ...own.number },
      time: { ...shipped.time, ...own.time },
      messages: { ...shipped.messages, ...messages },
    };
  } catch (error) {
    throw new ZenError('usage', `${path} is not a language: ${messageOf(error)}.`, { cause: error });
  }
}

/** Lists Zen's texts that a project's language lacks, and that stay English. */
export function listUntranslated(name: LocaleName): string[] {
  const { messages } = JSON.parse(readShipped('templates/locales/ru.json')) as Locale;
  const own = readLocale(name);
  return name === 'en' ? [] : Object.keys(messages).filter((text) => !Object.hasOwn(own.messages, text));
}

/** Finds translations that omit the place of a value, so that the page would not show it. */
export function findLost(name: LocaleName): { text: string; place: string } | undefined {
  const list = (text: string) => [...text.matchAll(/\{([\w.]+)/g)].map(([, value = '']) => value);
  return Object.entries(readLocale(name).messages)
    .flatMap(([text, own]) =>
      list(text).flatMap((value) => (list(own).includes(value) ? [] : [{ text, place: `{${value}}` }])),
    )
    .at(0);
}
