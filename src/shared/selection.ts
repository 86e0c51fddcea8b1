import type { NamedGroup } from './data/payload.ts';

/** The state of the filters; null lets everything through. The period is half-open, in Unix milliseconds. */
export interface Selection {
  period: [start: number, end: number] | null;
  /** The chosen names, by field. */
  names: Record<string, string[] | null>;
}

/** The selection without filters. */
export const everything: Selection = { period: null, names: {} };

/** The fields that a page filters by, unless its project says otherwise. */
export const usualFilters: readonly string[] = ['item_topic', 'age_segment'];

/** The id of the control for a field, which links use, too. */
export function controlOf(field: string): string {
  return field === 'item_topic' ? 'topics' : field === 'age_segment' ? 'ages' : field;
}

/** Tells whether two lists hold the same names, each once, in any order. */
export function areSame<Name>(names: readonly Name[], others: Iterable<Name>): boolean {
  const wanted = new Set(others);
  return names.length === wanted.size && names.every((name) => wanted.has(name));
}

/** Finds the named group that consists of these names. */
export function findGroup(
  groups: readonly NamedGroup[],
  field: string,
  chosen: readonly string[],
): NamedGroup | undefined {
  return groups.find((group) => group.field === field && areSame(group.names, chosen));
}
