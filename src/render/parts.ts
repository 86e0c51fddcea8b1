import { inFull } from '../async/in-full.ts';
import { Semaphore } from '../async/semaphore.ts';
import type { Database } from '../db/database.ts';
import type { LocaleName } from './locale.ts';
import { ofPage, render } from './render.ts';
import type { Content, Part, Rendered } from './render.ts';

/** The pages that are rendered at once: one is drawn while others are compressed and written. */
const most = 3;

/**
 * Renders pages beside the dashboard from what was read for it. After a failure, none is begun.
 *
 * @param read the locale in which the content was read
 * @param publish is given each page when it is ready, in any order
 * @returns what was made of them, in their order
 */
export async function renderParts<Page extends Part, Made>(
  db: Pick<Database, 'demand' | 'transaction'>,
  content: Content,
  read: LocaleName,
  pages: readonly Page[],
  publish: (rendered: Rendered, page: Page) => Promise<Made>,
): Promise<Made[]> {
  const places = new Semaphore(most);
  let failed = false;
  const make = async (page: Page) => {
    if (failed) throw new Error('Another page has failed.');
    try {
      const own = ofPage(content, read, page);
      return await publish(await render(db, page, Date.now(), () => undefined, own), page);
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  // A page of everything may take as much memory as the dashboard: it is alone.
  return inFull(pages.map((page) => places.use(page.where ? 1 : most, () => make(page))));
}
