/** The space that a picture was drawn for, in pixels, and how it adapts to another size. */
export interface Frame {
  width: number;
  height: number;
  /** A circle at the left, this many times as wide as the space; letters keep their distance from it. */
  circle?: number;
  /** Rows of equal height; letters stay level with their middles. */
  bands?: number;
}

type Point = [x: number, y: number];

const tags = /<(\/?)(\w+)((?: [\w-]+="[^"]*")*)(\/?)>([^<]*)/g;

/**
 * Rewrites the SVG of a Vega view so that it fills any space as Vega itself would: shapes and lines stretch, letters
 * and symbols keep their size. The live chart then replaces it without a jump. The style sheet leaves room for the
 * axes.
 */
export function stretchSvg(svg: string, frame: Frame, axes?: 'both' | 'left'): string {
  const [, body = ''] = /<svg[^>]*>(.*)<\/svg>/s.exec(svg.replace(/<defs>.*?<\/defs>/gs, '')) ?? [];
  const trail: { at: Point; isSymbol: boolean }[] = [];
  let drawn = '';
  for (const [whole, close, tag = '', attributes = '', empty, text = ''] of body.matchAll(tags)) {
    if (empty && tag !== 'path' && tag !== 'line') continue; // no letters, no marks
    const { at: [x, y] = [0, 0], isSymbol = false } = trail.at(-1) ?? {};
    const [, dx, dy] = /transform="translate\(([^,]+),([^)]+)\)/.exec(attributes) ?? [];
    const at: Point = [x + Number(dx ?? 0), y + Number(dy ?? 0)];
    const rest = attributes.replace(/ (transform|clip-path)="[^"]*"/g, '');
    if (close) drawn += whole;
    else if (tag === 'g') drawn += `<g${rest}>`;
    else if (tag === 'text') drawn += `${letters(at, rest, frame)}${text}`;
    else if (tag === 'line') drawn += line(at, rest, frame);
    else if (isSymbol) drawn += symbol(at, rest, frame);
    else if (rest.includes(' fill="')) drawn += shape(at, rest, frame);
    if (tag !== 'g') continue;
    if (close) trail.pop();
    // The outermost group leaves room for the axes.
    else trail.push({ at: trail.length === 0 ? [0, 0] : at, isSymbol: rest.includes(' class="mark-symbol') });
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" class="snapshot marks${axes ? ` axes-${axes}` : ''}" role="img">${drawn}</svg>`;
}

/** Returns the SVG of a Vega view as large as its space allows, letters included. */
export function scale(svg: string): string {
  return svg
    .replace(/ width="[^"]*" height="[^"]*"/, '')
    .replace('class="marks"', 'class="marks" role="img"');
}

/** Puts a path into a picture of its own, which is stretched; a circle keeps its shape. */
function shape(at: Point, rest: string, { width, height, circle }: Frame): string {
  if (circle === undefined)
    return `<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none">${path(at, rest)}</svg>`;
  const across = round(circle * width);
  const box = `width="${circle * 100}%" viewBox="0 0 ${across} ${across}" preserveAspectRatio="xMinYMid"`;
  return `<svg ${box} overflow="visible">${path([across / 2, across / 2], rest)}</svg>`;
}

function symbol(at: Point, rest: string, frame: Frame): string {
  const { x, y, dx, dy } = place(at, frame);
  return `<svg x="${x}" y="${y}" overflow="visible">${path([dx, dy], rest)}</svg>`;
}

function path(at: Point, rest: string): string {
  const drawn = rest.replace(/ d="(M[\d.,LMZ-]*)"/, (_, d: string) => ` d="${shorten(d)}"`);
  return `<path transform="translate(${at.map(round).join()})"${drawn}/>`;
}

/**
 * Writes a path of straight lines to a tenth of a pixel. Horizontal and vertical lines name one coordinate; lines
 * without length are left out.
 */
function shorten(d: string): string {
  let [x, y] = [NaN, NaN];
  return d.replace(/([ML])([^,]+),([^LMZ]+)/g, (_, letter: string, ...point: string[]) => {
    const [fromX, fromY] = [x, y];
    [x, y] = [Math.round(Number(point[0]) * 10) / 10, Math.round(Number(point[1]) * 10) / 10];
    if (letter === 'M') return `M${x},${y}`;
    if (x === fromX) return y === fromY ? '' : `V${y}`;
    return y === fromY ? `H${x}` : `L${x},${y}`;
  });
}

function letters(at: Point, rest: string, frame: Frame): string {
  const { x, y, dx, dy } = place(at, frame);
  return `<text x="${x}" y="${y}" dx="${dx}" dy="${dy}"${rest}>`;
}

function line([x, y]: Point, rest: string, frame: Frame): string {
  const [toX = 0, toY = 0] = ['x2', 'y2'].map((name) =>
    Number(new RegExp(` ${name}="([^"]*)"`).exec(rest)?.[1] ?? 0),
  );
  const [from, to] = [place([x, y], frame), place([x + toX, y + toY], frame)];
  // A tick lies outside the plot, and keeps its length.
  if (from.x === to.x && from.y === to.y)
    return `<svg x="${from.x}" y="${from.y}" overflow="visible"><line${rest}/></svg>`;
  const ends = `x1="${from.x}" y1="${from.y}" x2="${to.x}" y2="${to.y}"`;
  return `<line ${ends}${rest.replace(/ [xy]2="[^"]*"/g, '')}/>`;
}

/** A point as shares of the space, plus an offset in pixels. */
function place(
  [x, y]: Point,
  { width, height, circle, bands = 0 }: Frame,
): { x: string; y: string; dx: number; dy: number } {
  const middles = Array.from({ length: bands }, (_, row) => (row + 0.5) / bands);
  const across = follow(x, width, circle === undefined ? [] : [circle, 1]);
  const down = follow(y, height, middles);
  return { x: across.share, y: down.share, dx: across.rest, dy: down.rest };
}

/** Returns the share that a coordinate follows: a fixed one, or its own. */
function follow(value: number, size: number, fixed: number[]): { share: string; rest: number } {
  const near = (share: number) => Math.abs(value - share * size);
  const share = [...fixed].sort((a, b) => near(a) - near(b))[0] ?? Math.min(1, Math.max(0, value / size));
  return { share: `${round(share * 100)}%`, rest: round(value - share * size) };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
