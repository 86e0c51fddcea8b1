import { hcl, lab } from 'd3-color';
import { pick } from '../shared/data/cells.ts';
import { known } from '../shared/known.ts';

/** Degrees. */
const hues = 360;
const chroma = 56;
const lightness = [36, 57, 78];

/**
 * Returns a colour for each name, as `#rrggbb`. Its hue follows from the letters alone, so that a name looks the same
 * on every page. So does its shade, unless the name is hard to tell from a neighbour in a stack or pie.
 *
 * @param orders the names in neighbouring order, those whose shade matters most first
 */
export function paint(orders: readonly (readonly string[])[]): Map<string, string> {
  const colors = new Map<string, string>();
  const beside = new Map<string, string[]>();
  for (const order of orders)
    for (const [at, name] of order.entries())
      beside.set(name, [...(beside.get(name) ?? []), ...order.slice(Math.max(0, at - 1), at + 2)]);
  for (const [name, neighbours] of beside) {
    const painted = neighbours.flatMap((other) => colors.get(other) ?? []);
    const shades = shadesOf(name).map((color) => ({
      color,
      apart: Math.min(least, ...painted.map((other) => distance(color, other))),
    }));
    const best = Math.max(...shades.map(({ apart }) => apart));
    colors.set(name, known(shades.find(({ apart }) => apart === best)).color);
  }
  return colors;
}

/** Lists the colours that a name may have, its own first. */
function shadesOf(name: string): string[] {
  const place = hash(name);
  return lightness.map((_, turn) => {
    const shade = pick(lightness, (Math.floor(place / hues) + turn) % lightness.length);
    return hcl(place % hues, chroma, shade).formatHex();
  });
}

/** An arbitrary start, chosen so that topics of the original log get hues that lie far apart. */
const start = 256_455;

/** Hashes the UTF-16 units of a text with FNV-1a (Fowler, Noll, Vo) and a start of our own, to 32 bits. */
function hash(text: string): number {
  let value = start;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return value;
}

/** A sufficient distance between neighbours, CIELAB's ΔE*ab. */
const least = 24;

function distance(one: string, other: string): number {
  const [a, b] = [lab(one), lab(other)];
  return Math.hypot(a.l - b.l, a.a - b.a, a.b - b.b);
}
