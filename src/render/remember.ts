import { createHash } from 'node:crypto';

/** The results kept for one object: about ten for each chart of a page. */
const mostKept = 100;

/**
 * Caches a function's results, so that the pages of one run, or a preview after each change, do not repeat work.
 *
 * @param make its first input is compared by identity, and its results live as long; the others by their JSON, which
 *   must be complete, and remembered results in them by identity
 */
export function remember<Of extends object, Inputs extends readonly unknown[], Made>(
  make: (of: Of, ...inputs: Inputs) => Made,
): (of: Of, ...inputs: Inputs) => Made {
  const all = new WeakMap<Of, Map<string, Made>>();
  return (of, ...inputs) => {
    const kept = all.get(of) ?? new Map<string, Made>();
    all.set(of, kept);
    const key = createHash('sha256').update(JSON.stringify(inputs, numberOf)).digest('hex');
    const made = kept.get(key) ?? make(of, ...inputs);
    kept.delete(key); // so that the most recently used is last
    kept.set(key, made);
    if (typeof made === 'object' && made !== null && !numbers.has(made)) numbers.set(made, (last += 1));
    for (const oldest of kept.keys()) if (kept.size > mostKept) kept.delete(oldest);
    return made;
  };
}

/** The numbers of results, which take the place of these in inputs. */
const numbers = new WeakMap<object, number>();

let last = 0;

function numberOf(_key: string, value: unknown): unknown {
  const number = typeof value === 'object' && value !== null ? numbers.get(value) : undefined;
  return number === undefined ? value : { result: number };
}
