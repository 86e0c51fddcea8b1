import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, parse } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './databases.ts';

const office = ['/usr/bin/soffice', '/usr/bin/libreoffice'].find((path) => existsSync(path));

/** Says in a test's title why it is skipped. */
export const lack = office === undefined ? ' (skipped: LibreOffice is not installed)' : '';

/** A cell as LibreOffice took it: its type, and its value as OpenDocument writes it. */
export type Taken = [type: string, value: string];

/** Options of LibreOffice's import of CSV: the separator, UTF-8, a language's numbers, and dates told from texts. */
export const csvIn = (separator: ';' | ',', language: 'ru' | 'en') =>
  `CSV:${separator.charCodeAt(0)},34,76,1,,${{ ru: 1049, en: 1033 }[language]},false,true`;

/**
 * Opens a file in LibreOffice, without a window.
 *
 * @returns its sheets by name, each row up to its last cell that holds something
 */
export async function openSheets(file: string, how?: string): Promise<Record<string, Taken[][]>> {
  const folder = temporaryFolder();
  const profile = `-env:UserInstallation=file://${join(folder, 'profile')}`;
  const options = how === undefined ? [] : [`--infilter=${how}`];
  await promisify(execFile)(office ?? '', [profile, '--headless', '--convert-to', 'fods', ...options, '--outdir', folder, file]); // prettier-ignore
  const xml = readFileSync(join(folder, `${parse(file).name}.fods`), 'utf8');
  const sheets = [...xml.matchAll(/<table:table table:name="([^"]*)"[^>]*>([^]*?)<\/table:table>/g)];
  return Object.fromEntries(sheets.map(([, name = '', sheet = '']) => [decode(name), readRows(sheet)]));
}

function readRows(sheet: string): Taken[][] {
  const rows = [...sheet.matchAll(/<table:table-row[^>]*>([^]*?)<\/table:table-row>/g)].map(
    ([, row = '']) => {
      const cells = [
        ...row.matchAll(/<table:table-cell([^>]*?)(?:\/>|>([^]*?)<\/table:table-cell>)/g),
      ].flatMap(([, attributes = '', content = '']): Taken[] => {
        const of = (name: string) => new RegExp(` ${name}="([^"]*)"`).exec(attributes)?.[1];
        const formula = of('table:formula');
        const type = formula === undefined ? (of('office:value-type') ?? '') : 'formula';
        const text = [...content.matchAll(/<text:p>([^]*?)<\/text:p>/g)]
          .map(([, line = '']) => line)
          .join('\n');
        const value = of('office:date-value') ?? of('office:value') ?? decode(text.replaceAll('<text:tab/>', '\t').replaceAll('<text:s/>', ' ').replaceAll(/<[^>]*>/g, '')); // prettier-ignore
        return Array.from({ length: Math.min(99, Number(of('table:number-columns-repeated') ?? 1)) }, () => [
          type,
          value,
        ]);
      });
      return cells.slice(0, cells.findLastIndex(([type]) => type !== '') + 1);
    },
  );
  return rows.filter((row) => row.length > 0);
}

function decode(text: string): string {
  const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replaceAll(/&(\w+);/g, (all, name: string) => entities[name] ?? all);
}
