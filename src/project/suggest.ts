import leven from 'leven';

/** Names what was meant by a name that is not known: the nearest one, if one is near, or all. */
export function suggest(name: string, known: readonly string[]): string {
  const near = known
    .map((each) => ({ each, distance: leven(name.toLowerCase(), each.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
    .find(({ each, distance }) => distance <= (each.length > 3 ? Math.max(2, each.length / 4) : 1));
  return near ? `Did you mean “${near.each}”?` : `There are ${known.join(', ')}`;
}
