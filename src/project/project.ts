import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { messageOf, ZenError } from '../errors.ts';
import { extensible, isPlanted, useProject } from '../files.ts';

/** Marks the folder of a dashboard of one's own. */
const marker = 'zen.json';

/** The keys that it may have. */
const keys = ['$schema'];

/**
 * Lays the files of a project over those that ship with Zen: aggregates and charts.
 *
 * @param given its folder; without one, the nearest folder with a zen.json, from the current one up; where there is none, nothing is laid
 * @throws ZenError `usage` for a folder that is no project, or one in which others may have put a zen.json
 */
export function openProject(given: string | undefined): void {
  const folder = given === undefined ? findProject(process.cwd()) : resolve(given);
  if (folder !== undefined) requireProject(folder);
  useProject(folder);
}

function findProject(from: string): string | undefined {
  if (existsSync(join(from, marker))) return from;
  const parent = dirname(from);
  return parent === from ? undefined : findProject(parent);
}

/** Lists what a project lays over zen's files, with the folders on the way. */
function listLaid(folder: string): string[] {
  const folders = Object.keys(extensible).flatMap((path) => [
    join(folder, dirname(path)),
    join(folder, path),
  ]);
  const there = folders.filter((path) => existsSync(path));
  const files = there.flatMap((path) => readdirSync(path).map((name) => join(path, name)));
  return [join(folder, marker), ...there, ...files];
}

function requireProject(folder: string): void {
  const file = join(folder, marker);
  const refuse = (why: string) => new ZenError('usage', `${file} ${why}.`);
  if (!existsSync(file)) throw refuse('is not there: a project has one, if only with {} in it');
  const planted = listLaid(folder).find((path) => isPlanted(lstatSync(path), statSync(dirname(path))));
  if (planted !== undefined)
    throw new ZenError(
      'usage',
      `${planted} is of another user, and everybody may write to its folder: nothing of this project is run. Move it.`,
    );
  let settings: unknown;
  try {
    settings = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw refuse(`cannot be read: ${messageOf(error)}`);
  }
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    throw refuse('holds no object: write {}');
  const other = Object.keys(settings).find((key) => !keys.includes(key));
  if (other !== undefined)
    throw refuse(`has “${other}”, which this zen does not know. It may have ${keys.join(', ')}`);
}
