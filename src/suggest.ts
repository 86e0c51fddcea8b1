import leven from 'leven';

/** Suggests the name that was meant by an unknown one: the nearest, if one is near, or else all. */
export function suggest(name: string, known: readonly string[]): string {
  const near = known
    .map((each) => ({ each, distance: measure(name.toLowerCase(), each.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
    .find(({ each, distance }) => distance <= (each.length > 3 ? Math.max(2, each.length / 4) : 1));
  return near ? `Did you mean “${near.each}”?` : `There are ${known.join(', ')}`;
}

/** The number of letters to change; 1 if one name is a part of the other, such as topic of item_topic. */
function measure(name: string, known: string): number {
  return name.length > 2 && known.split(/[_-]/).includes(name) ? 1 : leven(name, known);
}
