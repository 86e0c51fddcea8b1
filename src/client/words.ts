import { show, sheetRows, tabulate } from '../shared/text/data-table.ts';
import type { Changes, Headline } from '../shared/text/findings.ts';
import type { Writer } from '../shared/text/format.ts';
import type { Row } from '../shared/data/table.ts';
import { known } from '../shared/known.ts';
import type { Panel } from '../shared/panels.ts';
import type { PanelElement } from './panel.ts';

/** Writes the figures of the selection into a page. */
export function tellHeadline(headline: Headline & Changes, page: ParentNode = document): void {
  for (const element of page.querySelectorAll<HTMLElement>('[data-word]'))
    element.textContent = headline[element.dataset.word as keyof (Headline & Changes)];
}

/** Writes a panel's finding, and which active filters it ignores. */
export function tellFinding(panel: PanelElement, finding: string, set: ReadonlySet<string>): void {
  const place = panel.querySelector('.finding');
  if (place) place.textContent = finding;
  for (const note of panel.querySelectorAll<HTMLElement>('[data-filter]'))
    note.hidden = !set.has(known(note.dataset.filter));
}

/** Fills the table of a panel, if it is open. */
export function fillTable(panel: PanelElement, rows: () => readonly Row[], write: Writer): void {
  const details = panel.querySelector('details');
  if (details?.open) writeRows(details, panel.options, rows(), write);
}

/** Writes the first rows of a panel into its table. */
export function writeRows(sheet: Element, panel: Panel, rows: readonly Row[], write: Writer): void {
  const { columns, body } = tabulate(panel, rows, write);
  known(sheet.querySelector('tbody')).replaceChildren(
    ...body.slice(0, sheetRows).map((cells) => {
      const row = document.createElement('tr');
      for (const [index, value] of cells.entries()) {
        const cell = row.insertCell();
        cell.className = columns[index]?.kind ?? '';
        cell.textContent = show(value, columns[index], write);
      }
      return row;
    }),
  );
  sheet.querySelector('.more')?.toggleAttribute('hidden', body.length <= sheetRows);
}
