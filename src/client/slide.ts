import { known } from '../shared/known.ts';
import type { PanelElement } from './panel.ts';

/** The words around the chart of a slide. */
export interface SlideText {
  title: string;
  finding: string;
  /** The period and the filters. */
  view: string;
  source: string;
  /** The names that the colours of the chart represent. */
  key: [name: string, color: string][];
}

const [width, height, margin] = [1920, 1080, 72];
/** The chart's own letters are drawn at twice their size. */
const scale = 2;
const [ink, soft] = ['#1d2530', '#5a6675'];

/** Draws a panel as a self-explanatory 16:9 picture. Its colours are those for paper, whatever the page's are. */
export async function drawSlide(panel: PanelElement, text: SlideText): Promise<HTMLCanvasElement> {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  const context = known(canvas.getContext('2d'));
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  let y = margin + writeLines(context, text.title, margin, { size: 44, weight: 650, most: 2 });
  if (text.finding !== '') y += writeLines(context, text.finding, y, { size: 28, color: soft, most: 2 });
  y += drawKey(context, text.key, y + 12) + 20;
  const foot = [text.view, text.source].map((line) => wrap(context, line, { size: 22, most: 2 }));
  let below = height - margin + 20 - foot.flat().length * 32;
  const [room, across] = [below - 24 - y, width - 2 * margin];
  const picture = await panel.drawPicture(across / scale, room / scale, scale);
  context.drawImage(picture, margin, y, across, room);
  for (const line of [text.view, text.source])
    below += writeLines(context, line, below, { size: 22, color: soft, most: 2 });
  return canvas;
}

interface Style {
  size: number;
  weight?: number;
  color?: string;
  /** Splits text into lines, the last of which may be cut short. */
  most: number;
}

function setFont(context: CanvasRenderingContext2D, { size, weight = 400, color = ink }: Style): void {
  context.font = `${weight} ${size}px ${getComputedStyle(document.documentElement).fontFamily}`;
  context.fillStyle = color;
  context.textBaseline = 'top';
}

/** Wraps a text to the slide's width, between words if possible. */
function wrap(context: CanvasRenderingContext2D, text: string, style: Style): string[] {
  setFont(context, style);
  const isWide = (line: string) => context.measureText(line).width > width - 2 * margin;
  const lines = [''];
  for (const word of text.split(/(?<= )/)) {
    const line = known(lines.pop());
    if (line !== '' && isWide(line + word)) lines.push(line, word);
    else lines.push(line + word);
  }
  const kept = lines.slice(0, style.most);
  return kept.map((line, at) => {
    let short = at === style.most - 1 && lines.length > kept.length ? `${line.trim()}…` : line;
    while (isWide(short) && short.length > 1) short = `${short.slice(0, -2)}…`;
    return short;
  });
}

/** @returns the height of the lines */
function writeLines(context: CanvasRenderingContext2D, text: string, y: number, style: Style): number {
  const lines = wrap(context, text, style);
  const step = Math.round(style.size * 1.4);
  for (const [at, line] of lines.entries()) context.fillText(line, margin, y + at * step);
  return lines.length * step;
}

/** @returns the height of the key; nothing without one */
function drawKey(context: CanvasRenderingContext2D, key: SlideText['key'], y: number): number {
  setFont(context, { size: 24, most: 1 });
  let [x, line] = [margin, 0];
  for (const [name, color] of key) {
    const across = Math.min(context.measureText(name).width, 480);
    if (x + 36 + across > width - margin && x > margin) [x, line] = [margin, line + 1];
    context.fillStyle = color;
    context.fillRect(x, y + line * 38 + 2, 22, 22);
    context.fillStyle = ink;
    context.fillText(name, x + 32, y + line * 38, 480);
    x += across + 72;
  }
  return key.length === 0 ? 0 : (line + 1) * 38;
}
