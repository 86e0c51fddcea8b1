import { readShipped } from '../files.ts';
import type { Locale } from '../shared/settings.ts';

export const locales = ['ru', 'en'] as const;
export type LocaleName = (typeof locales)[number];

export function readLocale(name: LocaleName): Locale {
  return JSON.parse(readShipped(`templates/locales/${name}.json`)) as Locale;
}

/** Texts are written in English where they stand, and looked up by that. */
export function translator({ messages }: Locale): (text: string) => string {
  return (text) => (Object.hasOwn(messages, text) ? (messages[text] ?? text) : text);
}
