import { Ajv } from 'ajv';
import type { ErrorObject, ValidateFunction } from 'ajv';
import jsonc from 'jsonc-parser';
import type { Node } from 'jsonc-parser';
import { ZenError } from '../errors.ts';
import { valueOf } from '../shared/known.ts';
import { suggest } from '../suggest.ts';
import type { Schema } from './schema.ts';

/** The settings of zen.json, which its schema allows, and where they stand. */
export interface Parsed {
  value: Record<string, unknown>;
  /** The line of a setting, from 1. */
  lineOf: (path: readonly string[]) => number;
}

/**
 * Reads the text of zen.json.
 *
 * @param file its path, for messages
 * @throws ZenError `usage` with its line, for what is no JSON, and for the first thing that the schema does not allow
 */
export function parseSettings(text: string, file: string, schema: Schema): Parsed {
  const refuse = (offset: number, why: string) =>
    new ZenError('usage', `${file}, line ${lineAt(text, offset)}: ${why}${why.endsWith('?') ? '' : '.'}`);
  const faults: jsonc.ParseError[] = [];
  const tree = jsonc.parseTree(text, faults, { disallowComments: true });
  const [fault] = faults;
  if (fault)
    throw refuse(fault.offset, `${describeFault(fault)}. Write it as JSON, such as { "title": "News" }`);
  if (tree?.type !== 'object') throw refuse(0, 'is not an object. Write {}, with or without settings');
  const doubled = findDoubled(tree);
  if (doubled) throw refuse(doubled.offset, `“${String(doubled.value)}” appears twice. Keep one of them`);
  const value = jsonc.getNodeValue(tree) as Record<string, unknown>;
  const validate = compileSchema(schema);
  if (!validate(value)) {
    const { path, why } = describeError((validate.errors as [ErrorObject])[0]);
    throw refuse(offsetOf(tree, path), why);
  }
  return { value, lineOf: (path) => lineAt(text, offsetOf(tree, path)) };
}

/** The validators of schemas, by their text: making one takes a sixth of a preview. */
const validators = new Map<string, ValidateFunction>();

function compileSchema(schema: Schema): ValidateFunction {
  const key = JSON.stringify(schema);
  const made = validators.get(key) ?? new Ajv({ allowUnionTypes: true, verbose: true }).compile(schema);
  validators.set(key, made);
  return made;
}

function describeFault({ error }: jsonc.ParseError): string {
  const words = jsonc.printParseErrorCode(error).replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ');
  return `is not JSON (${words.toLowerCase()})`;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** Finds the place of a setting, or of the one that would hold it. */
function offsetOf(tree: Node, path: readonly string[]): number {
  const found =
    jsonc.findNodeAtLocation(tree, [...path]) ??
    jsonc.findNodeAtLocation(
      tree,
      path.map((part) => (/^\d+$/.test(part) ? Number(part) : part)),
    );
  return (found?.parent?.type === 'property' ? found.parent : (found ?? tree)).offset;
}

function findDoubled(tree: Node): Node | undefined {
  const children = tree.children ?? [];
  if (tree.type === 'object') {
    const keys = children.flatMap((property) => property.children?.[0] ?? []);
    const doubled = keys.find(({ value }, at) => keys.slice(0, at).some((key) => key.value === value));
    if (doubled) return doubled;
  }
  for (const child of children) {
    const doubled = findDoubled(child);
    if (doubled) return doubled;
  }
  return undefined;
}

/** Says in a sentence why the schema does not allow something. */
function describeError(error: ErrorObject): { path: string[]; why: string } {
  const path = error.instancePath.split('/').slice(1).map(pointerPart);
  const name = path.length > 0 ? `“${path.join('.')}”` : 'zen.json';
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(params.additionalProperty);
      const known = Object.keys(error.parentSchema?.properties as object);
      const where = path.length > 0 ? ` in ${name}` : '';
      return { path: [...path, key], why: `there is no setting “${key}”${where}. ${suggest(key, known)}` };
    }
    case 'required':
      return { path, why: `${name} lacks “${String(params.missingProperty)}”. Add it` };
    case 'enum':
      return { path, why: `${name} may be ${(params.allowedValues as unknown[]).join(', ')}. Choose one` };
    case 'pattern':
      return {
        path,
        why: `${name} is “${String(error.data)}”. Write it with letters, digits, _ and - alone`,
      };
    case 'not':
      return {
        path,
        why: `${name} is “${String(error.data)}”, which is not a file. Write ${String(error.data)}zen.html`,
      };
    case 'type':
      return { path, why: `${name} must be ${[params.type].flat().map(nameType).join(' or ')}` };
    case 'minLength':
      return { path, why: `${name} is empty. Write something, or leave it out` };
    case 'minItems':
    case 'maxItems': {
      const { minItems = 0, maxItems = Infinity } = error.parentSchema as {
        minItems?: number;
        maxItems?: number;
      };
      const number = (error.data as unknown[]).length;
      const most = maxItems === Infinity ? 'or more' : `to ${maxItems}`;
      return {
        path,
        why: `${name} has ${number} ${number === 1 ? 'part' : 'parts'}. Name ${minItems} ${most}`,
      };
    }
    case 'uniqueItems':
      return {
        path,
        why: `${name} names “${String((error.data as unknown[])[Number(params.i)])}” twice. Keep one of them`,
      };
    default:
      return { path, why: `${name} ${String(error.message)}` };
  }
}

function nameType(type: unknown): string {
  return valueOf(
    { object: 'an object', string: 'a text', number: 'a number', boolean: 'true or false', array: 'a list' },
    String(type),
  );
}

/** Decodes what a JSON pointer writes for / and ~. */
function pointerPart(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
