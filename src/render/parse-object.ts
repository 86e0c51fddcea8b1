import { messageOf, ZenError } from '../errors.ts';

/**
 * Reads a project file that contains an object.
 *
 * @param example of such a file, for the error
 * @throws ZenError `usage` with the file's path, for anything else
 */
export function parseObject(path: string, text: string, example: string): Record<string, unknown> {
  const refuse = (why: string, cause?: unknown) =>
    new ZenError('usage', `${path} is not ${why}. Write it as ${example}.`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(`JSON: ${messageOf(error)}`, error);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw refuse('an object');
  return value as Record<string, unknown>;
}
