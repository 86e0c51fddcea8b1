import { controlOf } from '../shared/selection.ts';
import type { Selection } from '../shared/selection.ts';

/** The state that a link holds: the filters, and by the name of a switch the panel that is chosen there, unless it is the first. */
export interface State extends Selection {
  /** The comparison: its name, or another selection as `writeSelection` gives it; null for that of a page that opens. */
  compare: string | null;
  switches: Record<string, string>;
}

/** The state as the hash of a URL: `#from=2019-09-24T18:53&to=…&topics=…,…&ages=…&funnel=people`, times in UTC. */
export function toHash({ period, compare, switches, names }: State): string {
  const parts = period ? [`from=${formatMinute(period[0])}`, `to=${formatMinute(period[1])}`] : [];
  for (const [field, list] of Object.entries(names))
    if (list) parts.push(`${controlOf(field)}=${list.map(encodeURIComponent).join(',')}`);
  if (compare !== null) parts.push(`compare=${encodeURIComponent(compare)}`);
  for (const [name, panel] of Object.entries(switches)) parts.push(`${name}=${panel}`);
  return parts.join('&');
}

/** The inverse of `toHash` for the fields that a page filters by; what does not parse is no filter, and what is none is a switch. */
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

/** A selection of the reader's own as a comparison: a hash of its own. */
export function writeSelection(selection: Selection): string {
  return toHash({ ...selection, compare: null, switches: {} });
}

/** The inverse of `writeSelection`; null of a comparison that is none, or that chooses nothing. */
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
