import { readShipped } from '../files.ts';
import type { Locale } from '../shared/settings.ts';

export const locales = ['ru', 'en'] as const;
export type LocaleName = (typeof locales)[number];

export function readLocale(name: LocaleName): Locale {
  return JSON.parse(readShipped(`templates/locales/${name}.json`)) as Locale;
}
