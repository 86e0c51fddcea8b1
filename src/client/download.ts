import type { Row } from '../shared/data/table.ts';
import { tabulate, toCsv } from '../shared/text/data-table.ts';
import type { Writer } from '../shared/text/format.ts';
import { rest } from '../shared/topics.ts';
import type { PanelElement } from './panel.ts';
import { original } from './saved-page.ts';
import { drawSlide } from './slide.ts';

/** The milliseconds for which an offered file stays readable. */
const kept = 60_000;

/** Lets the reader download a chart: its rows as CSV, its picture as SVG, or as PNG for a slide. */
export function offerFiles(panel: PanelElement, rows: () => readonly Row[], write: Writer): void {
  const make: Record<string, () => Promise<Blob>> = {
    csv: () =>
      Promise.resolve(new Blob([toCsv(tabulate(panel.options, rows(), write), write)], { type: 'text/csv' })),
    svg: async () => new Blob([(await panel.view?.toSVG()) ?? ''], { type: 'image/svg+xml' }),
    png: () => takePicture(panel, write),
  };
  for (const button of panel.querySelectorAll<HTMLButtonElement>('[data-take]')) {
    const format = button.dataset.take ?? '';
    button.addEventListener('click', () => {
      void make[format]?.().then((file) => {
        saveFile(file, `zen-${panel.id}.${format}`);
      });
    });
  }
}

/** A panel as a picture for a slide: PNG. */
export async function takePicture(panel: PanelElement, { t }: Writer): Promise<Blob> {
  const text = (selector: string, from: ParentNode = panel) =>
    [...from.querySelectorAll(selector)].map(({ textContent }) => textContent).join(' · ');
  const grey = panel.key.some(([, color]) => color === rest) ? [[t('others'), rest] as [string, string]] : [];
  const canvas = await drawSlide(panel, {
    title: text('h2'),
    finding: text('.finding'),
    view: text('#summary', document),
    source: [document.title, text('#freshness > span', original)].filter(Boolean).join(' · '),
    key: [...panel.key.filter(([, color]) => color !== rest), ...grey],
  });
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error('The browser made no picture.'));
    });
  });
}

/** Copies a picture to the clipboard, which a browser may refuse. */
export async function copyPicture(picture: Promise<Blob>): Promise<void> {
  await navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })]);
}

/** Offers a file to the reader. */
export function saveFile(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(link.href); // not at once: some browsers read it after the click
  }, kept);
}
