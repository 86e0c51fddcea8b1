import type { Command, Option } from 'commander';
import { environment, hidePassword, namesDatabase, resolveTarget } from '../../config.ts';
import type { Environment } from '../../config.ts';
import type { Project } from '../../project/project.ts';
import { databaseOption, dropUnset } from '../options.ts';
import { defaultOf, findGiven, hasSection, isSetting } from '../settings.ts';
import type { Streams } from '../terminal.ts';

/** A value in force. */
interface InForce {
  /** The option's name, after that of its command where its value is not the same for all that have it. */
  name: string;
  value: string;
  from: string;
}

/** Prints the settings in force of all commands, and where each comes from. */
export function runConfig(
  program: Command,
  project: Project | undefined,
  { json }: { json?: boolean },
  { stdout }: Streams,
): void {
  const env = environment();
  for (const { options } of program.commands) dropUnset(options, env);
  const rows = listInForce(program, project, env);
  const file = project?.file ?? null;
  if (json) stdout.write(`${JSON.stringify({ project: file, settings: rows })}\n`);
  else stdout.write(`${describe(rows, file)}\n`);
}

function describe(rows: InForce[], file: string | null): string {
  const width = (of: (row: InForce) => string) => Math.max(...rows.map((row) => of(row).length));
  const [name, value] = [width((row) => row.name), width((row) => row.value)];
  const lines = rows.map((row) => `${row.name.padEnd(name)}  ${row.value.padEnd(value)}  ${row.from}`);
  return [
    file === null ? 'No project: there is no zen.json here or above.' : `Project: ${file}`,
    ...lines,
  ].join('\n');
}

function listInForce(program: Command, project: Project | undefined, env: Environment): InForce[] {
  const all = program.commands.filter(hasSection).flatMap((command) =>
    command.options.filter(isSetting).flatMap((option) => {
      const found = findValue(command, option, project, env);
      return found ? [{ ...found, command: command.name(), name: option.name() }] : [];
    }),
  );
  const names = [...new Set(all.map(({ name }) => name))];
  return names.flatMap((name) => {
    const each = all.filter((one) => one.name === name);
    const isOne = new Set(each.map(({ value, from }) => `${value}\n${from}`)).size === 1;
    return (isOne ? each.slice(0, 1) : each).map(({ command, value, from }) => ({
      name: isOne && each.length > 1 ? name : `${command}.${name}`,
      value,
      from,
    }));
  });
}

function findValue(
  command: Command,
  option: Option,
  project: Project | undefined,
  env: Environment,
): { value: string; from: string } | undefined {
  if (option === databaseOption && namesDatabase(env)) {
    const target = resolveTarget(undefined, env);
    return {
      value: hidePassword(target.kind === 'server' ? target.url : target.folder),
      from: 'environment',
    };
  }
  const { envVar } = option;
  const set = envVar === undefined ? undefined : env[envVar];
  if (envVar !== undefined && set !== undefined) return { value: set, from: envVar };
  const given = findGiven(project, command, option);
  if (project && given)
    return { value: hidePassword(textOf(given.value)), from: `zen.json, line ${project.lineOf(given.path)}` };
  const value = option.defaultValueDescription ?? defaultOf(option);
  return value === undefined ? undefined : { value: textOf(value), from: 'default' };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
