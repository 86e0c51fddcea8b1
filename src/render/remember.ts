import { hash } from './manifest.ts';

/** Results that are kept of one object: about ten of each chart of a page. */
const most = 100;

/**
 * Keeps what a function returns, so that the same inputs are not worked on twice: by the pages of one run, or by a preview after each
 * change.
 *
 * @param make its first input is told apart as an object, and its results go with it; the others by their JSON, which has to say all of them
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
    kept.delete(key); // so that the last used one stands last
    kept.set(key, made);
    for (const oldest of kept.keys()) if (kept.size > most) kept.delete(oldest);
    return made;
  };
}
