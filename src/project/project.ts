import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { reasonOf, ZenError } from '../errors.ts';
import { extensible, isPlanted, useProject } from '../files.ts';
import { buildSchema } from './schema.ts';
import type { Settings } from './schema.ts';
import type { Parsed } from './settings.ts';

/** The file that marks the folder of a project. */
const marker = 'zen.json';

/** A dashboard of one's own. */
export interface Project extends Parsed {
  /** Its folder, and the path of its zen.json. */
  folder: string;
  file: string;
}

/**
 * Lays the files of a project over those that ship with Zen: aggregates and charts.
 *
 * @param given its folder; without one, the nearest folder with a zen.json, from the current one up; where there is none, nothing is laid
 * @param commands what zen.json may set
 * @throws ZenError `usage` for a folder that is no project, one in which others may have put a zen.json, and a zen.json with a mistake
 */
export async function openProject(
  given: string | undefined,
  commands: Settings,
): Promise<Project | undefined> {
  const folder = given === undefined ? findProject(process.cwd()) : resolve(given);
  const project = folder === undefined ? undefined : await readProject(folder, commands);
  useProject(folder);
  return project;
}

function findProject(from: string): string | undefined {
  if (existsSync(join(from, marker))) return from;
  const parent = dirname(from);
  return parent === from ? undefined : findProject(parent);
}

/** Lists the files with which a project overrides zen's, and their folders. */
function listLaid(folder: string): string[] {
  const folders = [...Object.keys(extensible), 'sql/log.sql'].flatMap((path) => [
    join(folder, dirname(path)),
    join(folder, path),
  ]);
  const there = folders.filter((path) => existsSync(path));
  const files = there.flatMap((path) =>
    statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [],
  );
  return [join(folder, marker), ...there, ...files];
}

async function readProject(folder: string, commands: Settings): Promise<Project> {
  const file = join(folder, marker);
  if (!existsSync(file))
    throw new ZenError('usage', `${file} does not exist: a project has one, even if it holds only {}.`);
  const planted = listLaid(folder).find((path) => isPlanted(lstatSync(path), statSync(dirname(path))));
  if (planted !== undefined)
    throw new ZenError(
      'usage',
      `${planted} belongs to another user, and everybody may write to its folder: zen runs nothing of this project. Move it.`,
    );
  const odd = listLaid(folder).find((path) => !isNamed(relative(folder, path)));
  if (odd !== undefined)
    throw new ZenError(
      'usage',
      `${odd} would be ignored: name it with ASCII letters, digits and _ only, as in my_chart.`,
    );
  const { parseSettings } = await import('./settings.ts'); // with what checks it, which no start without a project needs
  return { folder, file, ...parseSettings(readText(file), file, buildSchema(commands)) };
}

/** Tells whether zen would find a file of a project; it ignores other files. */
function isNamed(path: string): boolean {
  const end = Object.entries(extensible).find(([folder]) => folder === dirname(path))?.[1];
  return end === undefined || !path.endsWith(end) || /^\w+$/.test(basename(path, end));
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ZenError('usage', `${file} cannot be read: ${reasonOf(error)}.`);
  }
}
