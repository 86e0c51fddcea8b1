import { decode } from '../shared/payload.ts';
import type { Payload } from '../shared/payload.ts';
import { rankRows } from '../shared/ranks.ts';
import type { Settings } from '../shared/settings.ts';
import { Choice } from './choice.ts';
import { Panel } from './panel.ts';
import { Period } from './period.ts';

customElements.define('zen-choice', Choice);
customElements.define('zen-period', Period);
customElements.define('zen-chart', Panel);

function find<T extends HTMLElement>(id: string, kind: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`The page has no #${id}.`);
  return element;
}

function readText(id: string): string {
  return find(id, HTMLScriptElement).textContent;
}

const period = find('period', Period);
const topics = find('topics', Choice);
const ages = find('ages', Choice);

function offer({ start, end, items, ages: segments, tables }: Payload): void {
  const colors = new Map(tables.topics.map(({ name, color }) => [name, color]));
  period.limit([start, end]);
  topics.offer(items, (name) => colors.get(name));
  ages.offer(segments);
  find('reset', HTMLButtonElement).addEventListener('click', () => {
    for (const control of [period, topics, ages]) control.choose(null);
  });
}

/** A stretch drawn on the history becomes the period when the pointer is let go. */
function zoom({ view }: Panel): void {
  addEventListener('pointerup', () => {
    const brush = view?.signal('brush') as { dt?: [number, number] } | undefined;
    if (!view || !brush?.dt) return;
    view.signal('brush_x', [0, 0]).run();
    period.cover(brush.dt);
  });
}

async function start(): Promise<void> {
  const payload = decode(readText('payload'));
  const { charts, locale } = JSON.parse(readText('settings')) as Settings;
  const tables = rankRows(payload.tables);
  offer(payload);
  await Promise.all(charts.map((chart) => find(chart.name, Panel).draw(chart, tables, locale)));
  zoom(find('history', Panel));
  document.documentElement.dataset.zen = 'ready';
}

start().catch((error: unknown) => {
  const notice = document.createElement('p');
  notice.className = 'notice';
  notice.textContent = String(error);
  document.querySelector('header')?.append(notice);
  throw error;
});
