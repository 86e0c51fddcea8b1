import Handlebars from 'handlebars';
import { known } from '../shared/known.ts';

/** A name and the colour of its area. */
export interface KeyEntry {
  name: string;
  color: string;
}

/** Letters of a name, beyond which it is cut off. */
const longest = 26;

/** Sizes in parts of the width that a picture has in a message: 600. */
const [letter, line, swatch, gap] = [13, 22, 11, 18];

/** The width of a letter of DejaVu Sans by its height, the widest ones aside. */
const breadth = 0.66;

/**
 * Writes the key into the picture, beneath it. Beside the picture, a client that darkens a message would colour it anew, and the two
 * would no longer be the same.
 *
 * @param svg with a `viewBox` from 0, 0
 */
export function addKey(svg: string, entries: readonly KeyEntry[]): string {
  const [, , width, height] = known(/viewBox="([^"]*)"/.exec(svg)?.[1])
    .split(' ')
    .map(Number);
  const part = known(width) / 600;
  let [x, y] = [0, known(height) / part + line];
  const marks = entries.map(({ name, color }) => {
    const letters = Array.from(name.replaceAll(/\p{C}/gu, ''));
    if (letters.length > longest) letters.splice(longest - 1, Infinity, '…');
    const own = swatch + 5 + letters.length * letter * breadth;
    if (x > 0 && x + own > 600) [x, y] = [0, y + line];
    const mark =
      `<rect x="${x}" y="${y - swatch + 1}" width="${swatch}" height="${swatch}" fill="${Handlebars.escapeExpression(color)}"/>` +
      `<text x="${x + swatch + 5}" y="${y}" font-size="${letter}" fill="#1c2330">${Handlebars.escapeExpression(letters.join(''))}</text>`;
    x += own + gap;
    return mark;
  });
  const tall = (y + line / 2) * part;
  return svg
    .replace(/ height="[^"]*"/, ` height="${tall}"`)
    .replace(/viewBox="[^"]*"/, `viewBox="0 0 ${known(width)} ${tall}"`)
    .replace(
      /<\/svg>\s*$/,
      () => `<g font-family="sans-serif" transform="scale(${part})">${marks.join('')}</g></svg>`,
    );
}
