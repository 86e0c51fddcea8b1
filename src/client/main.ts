import { listPeople } from '../shared/people/funnel.ts';
import { panels } from '../shared/panels.ts';
import type { Drawn } from '../shared/panels.ts';
import type { View } from 'vega';
import { decode, namesOf } from '../shared/data/payload.ts';
import type { Payload } from '../shared/data/payload.ts';
import { countTopics, findPeak, listMinutes } from '../shared/minutes.ts';
import type { Settings } from '../shared/settings.ts';
import { tabulatePayload } from '../shared/data/table.ts';
import type { Tables } from '../shared/data/table.ts';
import { describe, describeSelection } from '../shared/text/findings.ts';
import { writer } from '../shared/text/format.ts';
import type { Selection } from '../shared/selection.ts';
import type { Writer } from '../shared/text/format.ts';
import { tellAge } from './freshness.ts';
import { MultiSelect } from './multi-select.ts';
import { fromHash, toHash } from './url-state.ts';
import type { State } from './url-state.ts';
import { notify } from './notice.ts';
import { Panel } from './panel.ts';
import { Period } from './period.ts';
import { registerTransforms } from './runtime.ts';
import { offerFiles } from './download.ts';
import { unpack } from './unpack.ts';
import { fillTable, tellFindings } from './words.ts';

registerTransforms();
customElements.define('zen-choice', MultiSelect);
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
const topics = find('topics', MultiSelect);
const ages = find('ages', MultiSelect);
const controls = [period, topics, ages];
const charts = panels.flatMap((name) => {
  const panel = document.getElementById(name);
  return panel instanceof Panel ? [panel] : [];
});
const people = charts.find(({ name }) => name === 'people');

function offer(payload: Payload, write: Writer): void {
  period.limit([payload.start, payload.end], write);
  topics.offer(namesOf(payload, 'item_topic'), write);
  ages.offer(namesOf(payload, 'age_segment'), write);
  const reset = () => {
    for (const control of controls) control.choose(null);
  };
  find('reset', HTMLButtonElement).addEventListener('click', reset);
  for (const button of document.querySelectorAll('[data-undo]')) button.addEventListener('click', reset);
}

function selection(): Selection {
  return { period: period.value, topics: topics.value, ages: ages.value };
}

/** The rows that the charts draw. */
function drawn(tables: Tables): Drawn {
  const rows = Object.fromEntries(charts.map((chart) => [chart.name, chart.rows])) as unknown as Drawn;
  return { ...rows, people: people?.hidden === false ? listPeople(tables, selection()) : [] };
}

/** The state that the reader sees, for a link. */
function state(): State {
  return { ...selection(), people: people?.hidden === false };
}

/** Lets one of the two funnels stand in the place of both; that of people is drawn when it is first seen. */
function switcher(
  draw: (panel: Panel) => Promise<void>,
  change: () => void,
): (name: string) => Promise<void> {
  const show = async (name: string) => {
    for (const chart of charts) if (names.has(chart.name)) chart.hidden = chart.name !== name;
    const shown = charts.find((chart) => chart.name === name);
    if (shown && !shown.view) await draw(shown);
    change();
  };
  const buttons = [...document.querySelectorAll<HTMLButtonElement>('[data-show]')];
  const names = new Set(buttons.map(({ dataset }) => dataset.show ?? ''));
  for (const button of buttons) {
    const { show: name = '' } = button.dataset;
    button.addEventListener('click', () => {
      void show(name);
      document.querySelector<HTMLButtonElement>(`#${name} [data-show="${name}"]`)?.focus();
      location.hash = toHash(state());
    });
  }
  return show;
}

/** Keeps the hash of the URL and what is shown the same, whichever changes. */
function link(write: Writer, show: (name: string) => Promise<void>): void {
  const follow = () => {
    const wanted = fromHash(location.hash);
    const count = missing(topics, wanted.topics) + missing(ages, wanted.ages);
    const unknown = count > 0 ? [write.t('{count name of the link|names of the link}', { count })] : [];
    if (wanted.people && !people) unknown.push(write.t('People'));
    notify(
      'link',
      unknown.length > 0 ? write.t('Not in this file: {names}.', { names: unknown.join(', ') }) : '',
    );
    period.value = wanted.period;
    topics.value = keepKnown(topics, wanted.topics);
    ages.value = keepKnown(ages, wanted.ages);
    if (people && wanted.people !== state().people) void show(wanted.people ? 'people' : 'funnel');
  };
  document.addEventListener('change', ({ target }) => {
    if (controls.some((control) => control === target)) location.hash = toHash(state());
  });
  addEventListener('hashchange', follow);
  follow();
}

/** Counted, not named: anybody may write a link. */
function missing(choice: MultiSelect, names: string[] | null): number {
  return (names ?? []).filter((name) => !choice.names.includes(name)).length;
}

function keepKnown(choice: MultiSelect, names: string[] | null): string[] | null {
  return names?.filter((name) => choice.names.includes(name)) ?? null;
}

/** A stretch drawn on the history becomes the period when the pointer is let go; a click on an area isolates its topic. */
function bindHistory({ view }: Panel): void {
  if (!view) return;
  addEventListener('pointerup', () => {
    const brush = view.signal('brush') as { dt?: [number, number] } | undefined;
    if (!brush?.dt) return;
    view.signal('brush_x', [0, 0]).run();
    period.cover(brush.dt);
  });
  // The browser takes a finger over, to scroll: what it began to brush is none.
  addEventListener('pointercancel', () => {
    view.signal('brush_x', [0, 0]).run();
    dispatchEvent(new PointerEvent('pointerup'));
  });
  view.addEventListener('pointermove', (event) => {
    if (event instanceof PointerEvent) hover(view, event);
  });
  view.addEventListener('click', (_, item) => {
    const topic = (item?.datum as { item_topic?: string } | undefined)?.item_topic;
    if (topic === undefined) return;
    const alone = topics.value?.length === 1 && topics.value[0] === topic;
    topics.choose(alone ? null : [topic]);
  });
}

/** Only the step under the pointer has marks that tell of its topics: those of all steps would be thousands. */
function hover(view: View, event: PointerEvent): void {
  const left = view.container()?.querySelector('svg')?.getBoundingClientRect().left ?? 0;
  const scale = view.scale('x') as { invert(x: number): Date };
  const step = view.signal('step') as number;
  const hovered = Math.floor(Number(scale.invert(event.clientX - left - view.origin()[0])) / step) * step;
  if (hovered === view.signal('hovered')) return;
  void view
    .signal('hovered', hovered)
    .runAsync()
    .then(() => {
      const { clientX, clientY } = event;
      document.elementFromPoint(clientX, clientY)?.dispatchEvent(new PointerEvent('pointermove', event));
    });
}

/** Stands beside the selection, where it takes no line of its own. */
const unfiltered = 'The comparison of days does not follow the filters.';

async function start(): Promise<void> {
  const payload = decode(await unpack(readText('payload')));
  const { charts: specs, locale } = JSON.parse(readText('settings')) as Settings;
  const tables = tabulatePayload(payload);
  const write = writer(locale);
  offer(payload, write);
  const summary = find('summary', HTMLParagraphElement);
  const span: [number, number] = [payload.start, payload.end];
  const listed = () => ({ ...drawn(tables), history: listMinutes(tables, selection(), span) });
  const update = () => {
    const chosen = selection();
    const isFiltered = controls.some(({ value }) => value !== null);
    const note = isFiltered && document.getElementById('change') ? write.t(unfiltered) : '';
    summary.textContent = [describeSelection(chosen, span, write), note].filter(Boolean).join(' · ');
    topics.count(countTopics(tables, chosen, span), write);
    const now = drawn(tables);
    tellFindings(describe(now, findPeak(tables, chosen, span), chosen.period ?? span, write));
    if (people?.hidden === false) people.give(now.people);
    for (const chart of charts) fillTable(chart, listed, write);
  };
  let due = false;
  const change = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      update();
    });
  };
  const draw = async (panel: Panel) => {
    const spec = specs.find(({ name }) => name === panel.name);
    if (spec) await panel.draw(spec, tables, locale, panel === people ? () => undefined : change);
  };
  await Promise.all(charts.filter((chart) => !chart.hidden).map(draw));
  link(write, switcher(draw, change)); // not before: Vega-Lite's selections do not take up what an element holds when they are bound
  for (const chart of charts) {
    offerFiles(chart, listed, write);
    chart.querySelector('details')?.addEventListener('toggle', change);
  }
  bindHistory(find('history', Panel));
  tellAge(locale.language);
  update();
  document.documentElement.dataset.zen = 'ready';
  performance.mark('zen-ready');
}

start().catch((error: unknown) => {
  notify('error', String(error));
  throw error;
});
