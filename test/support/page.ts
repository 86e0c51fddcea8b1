import * as source from '../../src/render/render.ts';
import * as check from '../../src/render/verify.ts';

/** A page as text, to be searched. */
export type Page = Omit<source.Rendered, 'html'> & { html: string };

/** Renders a page as `render` of the source does. */
export async function render(...args: Parameters<typeof source.render>): Promise<Page> {
  const page = await source.render(...args);
  return { ...page, html: page.html.toString() };
}

/** Verifies the text of a page as `verify` of the source does its bytes. */
export function verify(
  html: string | Buffer,
  ...more: Parameters<typeof check.verify> extends [unknown, ...infer More] ? More : never
): Promise<check.Verified> {
  return check.verify(typeof html === 'string' ? Buffer.from(html) : html, ...more);
}
