import type { Locale } from '../settings.ts';

export type Translate = (text: string, values?: Record<string, string | number>) => string;

/**
 * Looks up texts by the English written in the code. `{name}` is the place of a value; `{name event|events}` is that of
 * a number and what it counts. It has one form for each plural of the language (Unicode CLDR), in the order one, few,
 * many.
 */
export function translator({ language, messages }: Locale): Translate {
  const number = new Intl.NumberFormat(language);
  const plurals = new Intl.PluralRules(language);
  const known = plurals.resolvedOptions().pluralCategories;
  const order = (['zero', 'one', 'two', 'few', 'many', 'other'] as const).filter((name) =>
    known.includes(name),
  );
  const count = (value: number, forms: string[]) =>
    `${number.format(value)}\u00a0${forms[order.indexOf(plurals.select(value))] ?? forms.at(-1) ?? ''}`;
  return (text, values = {}) => {
    const found = Object.hasOwn(messages, text) ? (messages[text] ?? text) : text;
    return found.replace(/\{([\w.]+)(?: ([^}]+))?\}/g, (place, name: string, forms?: string) => {
      const value = values[name] ?? place;
      if (typeof value === 'string') return value;
      return forms === undefined ? number.format(value) : count(value, forms.split('|'));
    });
  };
}
