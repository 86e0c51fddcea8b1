/** Stands behind `??` where a number is read by its index. @throws Error so that a wrong index never becomes a number */
export function missing(): never {
  throw new Error('A value is missing that must be there.');
}

/** Returns a value that cannot be missing. @throws Error if it is missing, so that a fault never becomes a number */
export function known<T>(value: T | null | undefined): T {
  return value ?? missing();
}

/** Returns an object's own value under a name. @throws Error if there is none */
export function valueOf<T>(values: Record<string, T>, name: string): T {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) throw new Error(`There is no “${name}” among ${Object.keys(values).join(', ')}.`);
  return value;
}

/** Maps the values of an object and keeps its names. */
export function mapValues<From, To>(
  values: Record<string, From>,
  to: (value: From, name: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, to(value, name)]));
}
