import { controlOf } from '../shared/selection.ts';
import type { Selection } from '../shared/selection.ts';

/** The state in a link: the filters and, by the name of each switch, the chosen panel, unless it is the first. */
export interface State extends Selection {
  /**
   * The comparison: its name, or another selection in the form of `writeSelection`; null for the one with which the
   * page opens.
   */
  compare: string | null;
  switches: Record<string, string>;
}

/** Writes the state as a URL hash: `#from=2019-09-24T18:53&to=…&topics=…,…&ages=…&funnel=people`, times in UTC. */
export function toHash({ period, compare, switches, names }: State): string {
  const parts = period ? [`from=${formatMinute(period[0])}`, `to=${formatMinute(period[1])}`] : [];
  for (const [field, list] of Object.entries(names))
    if (list) parts.push(`${controlOf(field)}=${list.map(encodeURIComponent).join(',')}`);
  if (compare !== null) parts.push(`compare=${encodeURIComponent(compare)}`);
  for (const [name, panel] of Object.entries(switches)) parts.push(`${name}=${panel}`);
  return parts.join('&');
}

/** Reverses `toHash` for the fields that a page filters by. Invalid values filter nothing; other keys are switches. */
export function fromHash(hash: string, filters: readonly string[]): State {
  const parts = new Map(
    hash
      .replace(/^#/, '')
      .split('&')
      .map((part): [string, string] => {
        const [name = '', ...value] = part.split('=');
        return [name, value.join('=')];
      }),
  );
  const [start, end] = ['from', 'to'].map((name) => Date.parse(`${parts.get(name) ?? ''}Z`));
  const own = ['', 'from', 'to', 'compare', ...filters.map(controlOf)];
  const compare = parts.get('compare');
  const list = (name: string) => parts.get(name)?.split(',').map(decodePart) ?? null;
  return {
    period: start !== undefined && end !== undefined && start < end ? [start, end] : null,
    names: Object.fromEntries(filters.map((field) => [field, list(controlOf(field))])),
    compare: compare === undefined ? null : decodePart(compare),
    switches: Object.fromEntries([...parts].filter(([name]) => !own.includes(name))),
  };
}

/** Writes a selection of the reader's own as a comparison, in a hash of its own. */
export function writeSelection(selection: Selection): string {
  return toHash({ ...selection, compare: null, switches: {} });
}

/** Reverses `writeSelection`; null for an invalid comparison, or one that chooses nothing. */
export function readSelection(comparison: string, filters: readonly string[]): Selection | null {
  const { period, names } = fromHash(comparison, filters);
  return period || Object.values(names).some((list) => list) ? { period, names } : null;
}

function formatMinute(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16);
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
