import type { Row } from '../shared/data/table.ts';
import { tabulate, toCsv } from '../shared/text/data-table.ts';
import type { Writer } from '../shared/text/format.ts';
import type { PanelElement } from './panel.ts';

const pictureScale = 2;
/** Milliseconds for which a file that was offered can be read. */
const kept = 60_000;

/** Lets the reader take a chart away: its rows as CSV, its picture as PNG (at twice its size) or SVG. */
export function offerFiles(panel: PanelElement, rows: () => readonly Row[], write: Writer): void {
  const make: Record<string, () => Promise<Blob>> = {
    csv: () =>
      Promise.resolve(new Blob([toCsv(tabulate(panel.options, rows(), write), write)], { type: 'text/csv' })),
    svg: async () => new Blob([(await panel.view?.toSVG()) ?? ''], { type: 'image/svg+xml' }),
    png: async () => toBlob(await panel.view?.toCanvas(pictureScale)),
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

/** A picture with a white ground: a transparent one cannot be read on a dark page. */
function toBlob(picture: HTMLCanvasElement | undefined): Promise<Blob> {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [picture?.width ?? 1, picture?.height ?? 1];
  const context = canvas.getContext('2d');
  if (context) {
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (picture) context.drawImage(picture, 0, 0);
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error('The browser made no picture.'));
    });
  });
}

/** Gives the reader a file. */
export function saveFile(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(link.href); // not at once: some browsers read it after the click
  }, kept);
}
