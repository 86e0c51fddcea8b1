import leven from 'leven';

/** Names what was meant by a name that is not known: the nearest one, if one is near, or all. */
export function suggest(name: string, known: readonly string[]): string {
  const near = known
    .map((each) => ({ each, distance: measure(name.toLowerCase(), each.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
    .find(({ each, distance }) => distance <= (each.length > 3 ? Math.max(2, each.length / 4) : 1));
  return near ? `Did you mean “${near.each}”?` : `There are ${known.join(', ')}`;
}

/** The letters to change; one where a name is a part of the other, as topic of item_topic. */
function measure(name: string, known: string): number {
  return name.length > 2 && known.split(/[_-]/).includes(name) ? 1 : leven(name, known);
}
