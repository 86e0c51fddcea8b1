import { strToU8, zipSync } from 'fflate';
import type { Column } from '../panels.ts';
import { dayMs } from '../units.ts';
import { known } from '../known.ts';

/** A sheet of a workbook: a row of titles, then rows. Times are Dates, or numbers (Unix milliseconds) in a column of times. */
export interface WorkSheet {
  name: string;
  columns: Pick<Column, 'title' | 'kind'>[];
  body: (string | number | Date | null)[][];
}

/** The styles of cells, by index in `cellXfs`: texts, titles, and each kind of number. */
const styles = { text: 0, title: 1, time: 2, count: 3, share: 4 } as const;

/** The days from the first day of spreadsheets (ECMA-376, part 1, 18.17.4.1) to 1970. */
const epoch = 25_569;

const spreadsheet = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const documents = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packages = 'http://schemas.openxmlformats.org/package/2006';
const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

const xml = (text: string) => strToU8(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${text}`);

/** Writes a workbook (ECMA-376, Office Open XML). Texts stay texts, whatever they look like. */
export function writeWorkbook(sheets: readonly WorkSheet[]): Uint8Array<ArrayBuffer> {
  const each = (write: (at: number, name: string) => string) =>
    sheets.map(({ name }, at) => write(at + 1, name)).join('');
  const relation = (id: number, kind: string, target: string) =>
    `<Relationship Id="r${id}" Type="${documents}/${kind}" Target="${target}"/>`;
  const relations = (inner: string) =>
    xml(`<Relationships xmlns="${packages}/relationships">${inner}</Relationships>`);
  const part = (path: string, kind: string) =>
    `<Override PartName="/xl/${path}.xml" ContentType="${type}.${kind}+xml"/>`;
  return zipSync(
    {
      '[Content_Types].xml': xml(
        `<Types xmlns="${packages}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
          `${part('workbook', 'sheet.main')}${part('styles', 'styles')}${each((at) => part(`worksheets/sheet${at}`, 'worksheet'))}</Types>`,
      ),
      '_rels/.rels': relations(relation(1, 'officeDocument', 'xl/workbook.xml')),
      'xl/workbook.xml': xml(
        `<workbook xmlns="${spreadsheet}" xmlns:r="${documents}"><sheets>` +
          `${each((at, name) => `<sheet name="${escape(nameSheet(name))}" sheetId="${at}" r:id="r${at}"/>`)}</sheets></workbook>`,
      ),
      'xl/_rels/workbook.xml.rels': relations(
        each((at) => relation(at, 'worksheet', `worksheets/sheet${at}.xml`)) +
          relation(sheets.length + 1, 'styles', 'styles.xml'),
      ),
      'xl/styles.xml': xml(writeStyles()),
      ...Object.fromEntries(
        sheets.map((sheet, at) => [`xl/worksheets/sheet${at + 1}.xml`, xml(writeSheet(sheet))]),
      ),
    },
    { level: 6, mtime: '1980-01-01T00:00' }, // the same view gives the same file
  );
}

function writeStyles(): string {
  const formats = [
    '<xf fontId="0" numFmtId="0"/>',
    '<xf fontId="1" numFmtId="0" applyFont="1" applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf>',
    ...[164, 3, 165].map((format) => `<xf fontId="0" numFmtId="${format}" applyNumberFormat="1"/>`),
  ];
  return (
    `<styleSheet xmlns="${spreadsheet}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/><numFmt numFmtId="165" formatCode="0.0%"/></numFmts>` +
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>' +
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>' +
    `<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="${formats.length}">${formats.join('')}</cellXfs></styleSheet>`
  );
}

/** Keeps the first row in sight. */
function writeSheet({ columns, body }: WorkSheet): string {
  const widths = columns.map(
    ({ kind }, at) =>
      `<col min="${at + 1}" max="${at + 1}" width="${kind === 'text' ? 28 : 17}" customWidth="1"/>`,
  );
  const titles = columns.map(({ title }) => writeText(title, styles.title)).join('');
  const rows = body.map(
    (cells) => `<row>${cells.map((cell, at) => writeCell(cell, known(columns[at]).kind)).join('')}</row>`,
  );
  return (
    `<worksheet xmlns="${spreadsheet}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>` +
    `<cols>${widths.join('')}</cols><sheetData><row>${titles}</row>${rows.join('')}</sheetData></worksheet>`
  );
}

function writeCell(value: WorkSheet['body'][number][number], kind: Column['kind']): string {
  if (value === null) return '<c/>';
  if (typeof value === 'string') return writeText(value, styles.text);
  const isTime = value instanceof Date || kind === 'time';
  const number = isTime ? Number(value) / dayMs + epoch : value;
  return `<c s="${isTime ? styles.time : styles[kind]}"><v>${number}</v></c>`;
}

function writeText(text: string, style: number): string {
  return `<c t="inlineStr" s="${style}"><is><t xml:space="preserve">${escape(text)}</t></is></c>`;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/**
 * Escapes a text for XML. What XML cannot hold, or would read as an escape, becomes `_x0001_` (ECMA-376, part 1,
 * 22.9.2.19).
 */
function escape(text: string): string {
  const hex = (letter: string) => `_x${letter.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`;
  return (
    text
      .slice(0, 32_767)
      .replaceAll(/_(?=x[0-9a-f]{4}_)/gi, hex)
      // eslint-disable-next-line no-control-regex
      .replaceAll(/[\x00-\x08\x0b-\x1f\ufffe\uffff]/g, hex)
      .replaceAll(/[&<>"]/g, (sign) => known(entities[sign]))
  );
}

/** Shortens a name to Excel's 31 letters, and removes forbidden ones. */
function nameSheet(name: string): string {
  return name.replaceAll(/[[\]:*?/\\]/g, ' ').slice(0, 31);
}
