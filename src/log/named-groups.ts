import { createHash } from 'node:crypto';

/** A named group of topics or ages, from `groups` in zen.json; an empty name is "not set". */
export interface GroupSetting {
  name: string;
  names: readonly string[];
  /** The name in `dash_users`: the same for the same names, whatever the group is called. */
  key: string;
}

let own: readonly GroupSetting[] = [];

/** Sets the named groups whose people are counted, too; without an argument, none. */
export function useGroups(groups: Record<string, string[]> = {}): void {
  own = Object.entries(groups).map(([name, names]) => ({ name, names, key: keyOf(names) }));
}

/** The groups of zen.json, in its order. */
export function listNamedGroups(): readonly GroupSetting[] {
  return own;
}

function keyOf(names: readonly string[]): string {
  const sorted = [...new Set(names)].sort();
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}
