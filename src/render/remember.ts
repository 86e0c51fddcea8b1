import { hash } from './manifest.ts';

/** The results kept for one object: about ten for each chart of a page. */
const mostKept = 100;

/**
 * Caches a function's results, so that the pages of one run, or a preview after each change, do not repeat work.
 *
 * @param make its first input is compared by identity, and its results live as long; the others by their JSON, which
 *   must be complete
 */
export function remember<Of extends object, Inputs extends readonly unknown[], Made>(
  make: (of: Of, ...inputs: Inputs) => Made,
): (of: Of, ...inputs: Inputs) => Made {
  const all = new WeakMap<Of, Map<string, Made>>();
  return (of, ...inputs) => {
    const kept = all.get(of) ?? new Map<string, Made>();
    all.set(of, kept);
    const key = hash(JSON.stringify(inputs));
    const made = kept.get(key) ?? make(of, ...inputs);
    kept.delete(key); // so that the most recently used is last
    kept.set(key, made);
    for (const oldest of kept.keys()) if (kept.size > mostKept) kept.delete(oldest);
    return made;
  };
}
