import { join, relative, resolve } from 'node:path';
import type { Command, Option } from 'commander';
import { namesDatabase } from '../config.ts';
import type { Environment } from '../config.ts';
import { messageOf, ZenError } from '../errors.ts';
import type { Project } from '../project/project.ts';
import type { Settings } from '../project/schema.ts';
import { suggest } from '../suggest.ts';
import { collectValues, databaseOption } from './options.ts';

/** The settings of each command: zen.json may hold every option that has a `ZEN_…` variable. */
export function listSettings(program: Command): Settings {
  return Object.fromEntries(
    program.commands.filter(hasSection).map((command) => [
      command.name(),
      command.options.filter(isSetting).map((option) => ({
        name: option.name(),
        description: option.description,
        choices: option.argChoices,
        takesValue: option.required || option.optional,
        isRepeated: option.parseArg === collectValues,
      })),
    ]),
  );
}

export function isSetting(option: Option): boolean {
  return option === databaseOption || (option.envVar !== undefined && option.name() !== 'project');
}

/** Tells whether zen.json has a section for a command. */
export function hasSection(command: Command): boolean {
  return sectionOf(command) === command.name();
}

/** The options of a schedule are those of the nights that it makes run. */
function sectionOf(command: Command): string {
  return command.name() === 'schedule' ? 'nightly' : command.name();
}

/** The options given on the command line or by a variable, each as it was written; not those from zen.json or a default. */
export type Given = ReadonlyMap<Option, string | undefined>;

export function collectGiven(command: Command): Given {
  const given = new Map<Option, string | undefined>();
  for (const option of command.options)
    for (const source of ['option', 'optionEnv'])
      command.on(`${source}:${option.name()}`, (text?: string) => given.set(option, text));
  return given;
}

/** A setting of zen.json, and where it stands. */
interface Found {
  value: unknown;
  path: string[];
}

/** The value in zen.json for an option of a command: its own, or the one at the top, which holds for all commands. */
export function findGiven(project: Project | undefined, command: Command, option: Option): Found | undefined {
  const name = option.name();
  const section = sectionOf(command);
  const own = project?.value[section] as Record<string, unknown> | undefined;
  if (own && Object.hasOwn(own, name)) return { value: own[name], path: [section, name] };
  if (project && Object.hasOwn(project.value, name)) return { value: project.value[name], path: [name] };
  return undefined;
}

/**
 * Gives the options of a command what zen.json sets, where neither the command line nor the environment does. Files are sought from the
 * project's folder, those of a default, too.
 *
 * @throws ZenError `usage` for a value that the option refuses
 */
export function applySettings(command: Command, project: Project | undefined, env: Environment): void {
  if (!project) return;
  for (const option of command.options.filter(isSetting)) {
    const attribute = option.attributeName();
    if (['cli', 'env'].includes(command.getOptionValueSource(attribute) ?? '')) continue;
    if (option === databaseOption && namesDatabase(env)) continue;
    const given = findGiven(project, command, option);
    const value = given ? parseGiven(option, given, project) : defaultOf(option);
    const placed = typeof value === 'string' && isFile(option, value) ? place(project.folder, value) : value;
    if (placed !== undefined) command.setOptionValueWithSource(attribute, placed, 'config');
  }
}

/** The embedded database of a project lies in its folder. */
export function defaultOf(option: Option): unknown {
  return option === databaseOption ? '.zen' : option.defaultValue;
}

function isFile(option: Option, value: string): boolean {
  if (option === databaseOption) return !value.includes('://');
  return ['out', 'metrics'].includes(option.name()) && value !== '-';
}

/** A path in a project's folder, relative to the current folder. */
function place(folder: string, path: string): string {
  return relative(process.cwd(), resolve(folder, path)) || join(folder, path);
}

/**
 * Tries what zen.json sets for any command, as that command would.
 *
 * @returns the messages of those who refuse it
 */
export function tryOptions(program: Command, project: Project): string[] {
  const refused = new Set<string>();
  for (const command of program.commands)
    for (const option of command.options.filter(isSetting)) {
      const given = findGiven(project, command, option);
      const refusal = given && refusalOf(() => parseGiven(option, given, project));
      if (refusal !== undefined) refused.add(refusal);
    }
  return [...refused];
}

/** The message with which something is refused; none where it is not. */
export function refusalOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function parseGiven(option: Option, { value, path }: Found, { file, lineOf }: Project): unknown {
  const isParsed = option.argChoices === undefined && ['string', 'number'].includes(typeof value);
  if (!isParsed || !option.parseArg) return value;
  const parse: (text: string, before: unknown) => unknown = option.parseArg.bind(option);
  try {
    return parse(String(value), undefined);
  } catch (error) {
    throw new ZenError('usage', `${file}, line ${lineOf(path)}: ${path.join('.')}: ${messageOf(error)}`);
  }
}

/** Variables of an environment that begin with ZEN_ but are not options. */
const others = /^ZEN_(DATABASE_URL$|TEST_)/;

/** @throws ZenError `usage` for a variable of no option, which would be ignored in silence */
export function requireKnown(program: Command, env: Environment): void {
  const known = program.commands.flatMap(({ options }) => options.flatMap(({ envVar }) => envVar ?? []));
  const name = Object.keys(env).find(
    (each) => each.startsWith('ZEN_') && !others.test(each) && !known.includes(each),
  );
  if (name !== undefined)
    throw new ZenError(
      'usage',
      `Zen has no variable ${name}. ${suggest(name, [...new Set(known), 'ZEN_DATABASE_URL'])}`,
    );
}
