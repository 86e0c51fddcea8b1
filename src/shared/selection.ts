import type { NamedGroup } from './data/payload.ts';

/** The state of the filters; null lets everything through. A period is half-open, in Unix milliseconds. */
export interface Selection {
  period: [start: number, end: number] | null;
  /** The names that are chosen, by their field. */
  names: Record<string, string[] | null>;
}

/** No filter is set. */
export const everything: Selection = { period: null, names: {} };

/** The fields that a page filters by, unless its project says otherwise. */
export const usualFilters: readonly string[] = ['item_topic', 'age_segment'];

/** The id of the control that chooses by a field; a link has it, too. */
export function controlOf(field: string): string {
  return field === 'item_topic' ? 'topics' : field === 'age_segment' ? 'ages' : field;
}

/** Tells whether some names, each once, are the same as others, in whatever order. */
export function areSame<Name>(names: readonly Name[], others: Iterable<Name>): boolean {
  const wanted = new Set(others);
  return names.length === wanted.size && names.every((name) => wanted.has(name));
}

/** Finds the named group that some names are. */
export function findGroup(
  groups: readonly NamedGroup[],
  field: string,
  chosen: readonly string[],
): NamedGroup | undefined {
  return groups.find((group) => group.field === field && areSame(group.names, chosen));
}
