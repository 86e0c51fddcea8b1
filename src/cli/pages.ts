import { dirname, join, resolve } from 'node:path';
import { ZenError } from '../errors.ts';
import type { Project } from '../project/project.ts';
import { readLocale } from '../render/locale.ts';
import type { LocaleName } from '../render/locale.ts';
import type { Where } from '../render/narrow.ts';

/** A page beside the dashboard, from `pages` in zen.json. */
export interface OtherPage {
  name: string;
  where?: Where;
  locale?: LocaleName;
  title?: string;
  out: string;
}

/**
 * The pages that zen.json names beside the dashboard.
 *
 * @param out the dashboard's file
 * @throws ZenError `usage` where two pages would be one file
 */
export function listPages(project: Project | undefined, out: string): OtherPage[] {
  const pages = (project?.value.pages ?? []) as (Omit<OtherPage, 'out'> & { out?: string })[];
  if (!project || out === '-') return [];
  const taken = new Map([[resolve(out), 'the dashboard']]);
  return pages.map((page, at) => {
    const { name } = page;
    const file =
      page.out === undefined ? join(dirname(out), `${name}.html`) : resolve(project.folder, page.out);
    if (page.locale !== undefined) readLocale(page.locale);
    const other = taken.get(resolve(file));
    if (other !== undefined) {
      const where = `${project.file}, line ${project.lineOf(['pages', String(at)])}`;
      throw new ZenError(
        'usage',
        `${where}: the page “${name}” has the same file as ${other}: ${file}. Give it its own out.`,
      );
    }
    taken.set(resolve(file), `the page “${name}”`);
    return { ...page, out: file };
  });
}
