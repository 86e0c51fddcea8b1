import { hcl } from 'd3-color';

const goldenAngle = 137.508;
const lightness = [60, 74, 48];

/**
 * As many colours as asked for, as `#rrggbb`. Neighbours differ in hue by the golden angle, and in lightness, because
 * neighbours of a stack and of a pie touch.
 */
export function colors(count: number): string[] {
  return Array.from({ length: count }, (_, rank) =>
    hcl(
      (255 + rank * goldenAngle) % 360,
      54 - (rank % 2) * 12,
      lightness[rank % lightness.length] ?? 60,
    ).formatHex(),
  );
}
