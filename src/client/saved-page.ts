import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { known } from '../shared/known.ts';

/** The original page, read before the script changes anything. */
export const original = document.documentElement.cloneNode(true) as HTMLElement;

/** The view that a saved page opens with, as a URL hash; empty for a page that was not saved. */
export const savedView = original.dataset.view ?? '';

/**
 * Builds the same page as a file that opens with a view, and states its own hash, as `seal` in src/render/manifest.ts
 * does.
 *
 * @param edit changes the saved page
 */
export function composePage(view: string, edit: (page: HTMLElement) => void = () => undefined): Blob {
  const page = original.cloneNode(true) as HTMLElement;
  page.dataset.view = view;
  delete page.dataset.zen;
  delete page.dataset.rows;
  // It stands after the script, which read the original page.
  if (!page.querySelector('#rows'))
    page.querySelector('body')?.append(known(document.getElementById('rows')).cloneNode(true));
  edit(page);
  const manifest = known(page.querySelector('#manifest'));
  manifest.textContent = manifest.textContent.replace(/,"page":"[^"]*"\}$/, ',"page":""}');
  const html = `<!doctype html>\n${page.outerHTML}\n`;
  const at = html.indexOf('"page":""}', html.indexOf('id="manifest">')) + '"page":"'.length;
  return new Blob([html.slice(0, at), digest(html), html.slice(at)], { type: 'text/html' });
}

/** SHA-256, in hex. */
export function digest(text: string): string {
  return bytesToHex(sha256(new TextEncoder().encode(text)));
}
