/** Gives a value that cannot be missing. @throws Error where it is, so that a fault never becomes a number */
export function known<T>(value: T | null | undefined): T {
  if (value === undefined || value === null) throw new Error('A value is missing that must be there.');
  return value;
}
