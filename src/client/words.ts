import type { Drawn } from '../shared/panels.ts';
import { show, sheetRows, tabulate } from '../shared/text/data-table.ts';
import type { Words } from '../shared/text/findings.ts';
import type { Writer } from '../shared/text/format.ts';
import type { Panel } from './panel.ts';

/** Says in words what the charts now draw. */
export function tellFindings(words: Words): void {
  for (const element of document.querySelectorAll<HTMLElement>('[data-word]')) {
    element.textContent = words[element.dataset.word as keyof Words];
  }
}

/** Fills the table of a panel, if it is open. */
export function fillTable(panel: Panel, drawn: () => Drawn, write: Writer): void {
  const details = panel.querySelector('details');
  const table = details?.querySelector('tbody');
  if (!details?.open || !table) return;
  const { columns, body } = tabulate(panel.name, drawn(), write);
  table.replaceChildren(
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
  details.querySelector('.more')?.toggleAttribute('hidden', body.length <= sheetRows);
}
