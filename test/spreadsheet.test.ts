import { expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { toCsv } from '../src/shared/text/data-table.ts';
import { writeWorkbook } from '../src/shared/text/xlsx.ts';
import { temporaryFolder } from './support/databases.ts';
import { csvIn, lack, openSheets } from './support/spreadsheet.ts';

const inOffice = lack === '' ? test : test.skip;
const names = ['x;=2+3', 'a, "b"', 'tab\there', 'two\nlines', '18-25', ' =1+1', '＝1+1'];

inOffice.each([
  ['ru', ','],
  ['en', '.'],
] as const)(
  `a CSV opens in a spreadsheet of its language with dates, numbers, and each name in one cell: %s${lack}`,
  async (language, decimal) => {
    const columns = [
      { field: 'dt', title: 'Minute, UTC', kind: 'time' as const },
      { field: 'topic', title: 'Topic', kind: 'text' as const },
      { field: 'events', title: 'Events', kind: 'count' as const },
      { field: 'share', title: 'Share, %', kind: 'share' as const },
    ];
    const body = names.map((name) => [Date.UTC(2019, 8, 24, 18, 53), name, 1234, 0.0625]);
    const file = join(temporaryFolder(), 'zen.csv');
    writeFileSync(file, toCsv({ columns, body }, { decimal }));
    const { zen = [] } = await openSheets(file, csvIn(decimal === ',' ? ';' : ',', language));
    expect(zen[0]).toEqual(['Minute UTC', 'Topic', 'Events', 'Share %'].map((title) => ['string', title]));
    expect(zen.slice(1).map(([date, , ...numbers]) => [date, ...numbers])).toEqual(
      names.map(() => [
        ['date', '2019-09-24T18:53:00'],
        ['float', '1234'],
        ['float', '0.0625'],
      ]),
    );
    expect(zen.slice(1).map(([, name]) => name?.[1])).toEqual(
      names.map((name) => name.replace(/^(?=\s?[=＝])/, "'")),
    );
  },
  180_000,
);

const workbook = [
  {
    name: 'Темы: [все]',
    columns: [
      { title: 'Topic & "more"', kind: 'text' as const },
      { title: 'Minute', kind: 'time' as const },
      { title: 'Events', kind: 'count' as const },
      { title: 'Share', kind: 'share' as const },
    ],
    body: [
      ...names.map((name) => [name, Date.UTC(2019, 8, 24, 18, 53), 1234, 0.0625]),
      ['=1+1', new Date(0), null, null],
      ['a\u0001 _x0041_ <b>', null, new Date(Date.UTC(2024, 1, 29)), 1],
    ],
  },
  { name: 'Empty', columns: [{ title: 'Only', kind: 'text' as const }], body: [] },
];

test('a workbook holds its texts as such, dates as days since 1900, and numbers as numbers', () => {
  const parts = unzipSync(writeWorkbook(workbook));
  const sheet = strFromU8(parts['xl/worksheets/sheet1.xml'] ?? new Uint8Array());
  expect(Object.keys(parts)).toContain('xl/worksheets/sheet2.xml');
  expect(strFromU8(parts['xl/workbook.xml'] ?? new Uint8Array())).toContain(
    '<sheet name="Темы   все " sheetId="1" r:id="r1"/>',
  );
  expect(sheet).not.toContain('<f>');
  const day = (Date.UTC(2019, 8, 24) - Date.UTC(1899, 11, 30)) / 86_400_000;
  const values = [...sheet.matchAll(/<v>([^<]*)<\/v>/g)].map(([, value]) => Number(value));
  expect(values.slice(0, 3)).toEqual([day + (18 * 60 + 53) / 1440, 1234, 0.0625]);
  expect(sheet).toContain('<t xml:space="preserve">x;=2+3</t>');
  expect(sheet).toContain('<t xml:space="preserve">a_x0001_ _x005F_x0041_ &lt;b&gt;</t>');
});

inOffice(
  `a workbook opens in LibreOffice with dates, numbers, and texts that are no formulas${lack}`,
  async () => {
    const file = join(temporaryFolder(), 'zen.xlsx');
    writeFileSync(file, writeWorkbook(workbook));
    const { 'Темы   все ': rows = [], Empty: empty } = await openSheets(file);
    const numbers = [['date', '2019-09-24T18:53:00'], ['float', '1234'], ['percentage', '0.0625']]; // prettier-ignore
    expect(rows.slice(1, names.length + 1)).toEqual(names.map((name) => [['string', name], ...numbers]));
    const [formula, odd] = rows.slice(names.length + 1);
    expect(formula).toEqual([['string', '=1+1'], ['date', '1970-01-01']]); // prettier-ignore
    expect(odd?.slice(2)).toEqual([['date', '2024-02-29'], ['percentage', '1']]); // prettier-ignore
    expect(empty).toEqual([[['string', 'Only']]]);
  },
  180_000,
);
