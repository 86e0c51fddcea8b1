import { listPeople } from '../shared/people/funnel.ts';
import type { View } from 'vega';
import { known } from '../shared/known.ts';
import { decode, namesOf } from '../shared/data/payload.ts';
import type { Payload } from '../shared/data/payload.ts';
import { countSelected, countTopics, listMinutes } from '../shared/minutes.ts';
import type { Settings } from '../shared/settings.ts';
import { tabulatePayload } from '../shared/data/table.ts';
import type { Row, Tables } from '../shared/data/table.ts';
import { describeFinding, describeHeadline, describeSelection } from '../shared/text/findings.ts';
import { writer } from '../shared/text/format.ts';
import type { Selection } from '../shared/selection.ts';
import type { Writer } from '../shared/text/format.ts';
import { tellAge } from './freshness.ts';
import { MultiSelect } from './multi-select.ts';
import { fromHash, toHash } from './url-state.ts';
import type { State } from './url-state.ts';
import { notify } from './notice.ts';
import { PanelElement } from './panel.ts';
import { Period } from './period.ts';
import { registerTransforms } from './runtime.ts';
import { offerFiles } from './download.ts';
import { unpack } from './unpack.ts';
import { fillTable, tellFinding, tellHeadline } from './words.ts';

registerTransforms();
customElements.define('zen-choice', MultiSelect);
customElements.define('zen-period', Period);
customElements.define('zen-chart', PanelElement);

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
const panels = [...document.querySelectorAll<PanelElement>('zen-chart')];

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

/** The rows that a panel draws; a hidden one draws none. */
function drawn(panel: PanelElement, tables: Tables): Row[] {
  if (panel.hidden) return [];
  return panel.options.source === 'people'
    ? listPeople(tables, selection()).map((row) => ({ ...row }))
    : panel.rows;
}

/** Panels that stand in one place, by the name of their switch. */
const switches = new Map<string, PanelElement[]>();

/** The state that the reader sees, for a link. */
function state(): State {
  const chosen = [...switches].flatMap(([name, [, ...others]]) =>
    others.filter(({ hidden }) => !hidden).map((panel): [string, string] => [name, panel.id]),
  );
  return { ...selection(), switches: Object.fromEntries(chosen) };
}

/** Lets one of the panels of a switch stand in the place of all; another than the first is drawn when it is first seen. */
function bindSwitches(
  draw: (panel: PanelElement) => Promise<void>,
  change: () => void,
): (name: string, id: string) => Promise<void> {
  const show = async (name: string, id: string) => {
    const all = known(switches.get(name));
    for (const panel of all) panel.hidden = panel.id !== id;
    const shown = all.find((panel) => panel.id === id);
    if (shown && !shown.view) await draw(shown);
    change();
  };
  for (const panel of panels) {
    const { switch: own } = panel.options;
    if (own && panel.querySelector('[data-show]'))
      switches.set(own.name, [...(switches.get(own.name) ?? []), panel]);
  }
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-show]')) {
    const [id, name] = [known(button.dataset.show), known(button.dataset.switch)];
    button.addEventListener('click', () => {
      void show(name, id);
      document.querySelector<HTMLButtonElement>(`#${id} [data-show="${id}"]`)?.focus();
      location.hash = toHash(state());
    });
  }
  return show;
}

/** Keeps the hash of the URL and what is shown the same, whichever changes. */
function link(write: Writer, show: (name: string, id: string) => Promise<void>): void {
  const follow = () => {
    const wanted = fromHash(location.hash);
    // A part of the hash that names no switch of a chart is not ours.
    const own = new Set(panels.map(({ options }) => options.switch?.name));
    const others = Object.entries(wanted.switches).filter(
      ([name, id]) => own.has(name) && !switches.get(name)?.some((panel) => panel.id === id),
    );
    const count = missing(topics, wanted.topics) + missing(ages, wanted.ages) + others.length;
    const unknown = count > 0 ? [write.t('{count name of the link|names of the link}', { count })] : [];
    notify(
      'link',
      unknown.length > 0 ? write.t('Not in this file: {names}.', { names: unknown.join(', ') }) : '',
    );
    period.value = wanted.period;
    topics.value = keepKnown(topics, wanted.topics);
    ages.value = keepKnown(ages, wanted.ages);
    for (const [name, all] of switches) {
      const id = wanted.switches[name] ?? known(all[0]).id;
      if (all.some((panel) => panel.id === id && panel.hidden)) void show(name, id);
    }
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

/** A stretch drawn on a chart that has a brush becomes the period when the pointer is let go; a click on an area isolates its topic. */
function bindBrush(panel: PanelElement): void {
  const view = known(panel.view);
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
  if (panel.hasSignal('hovered'))
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
  const { absent, charts, locale } = JSON.parse(readText('settings')) as Settings;
  const tables = tabulatePayload(payload);
  const write = writer(locale);
  offer(payload, write);
  const summary = find('summary', HTMLParagraphElement);
  const span: [number, number] = [payload.start, payload.end];
  const listed = (panel: PanelElement) =>
    panel.options.minutes ? listMinutes(panel.options, tables, selection(), span) : drawn(panel, tables);
  const update = () => {
    const chosen = selection();
    const set = new Set(controls.filter(({ value }) => value !== null).map(({ id }) => id));
    const note = set.size > 0 && document.getElementById('change') ? write.t(unfiltered) : '';
    summary.textContent = [describeSelection(chosen, span, write, absent), note].filter(Boolean).join(' · ');
    topics.count(countTopics(tables, chosen, span), write);
    const events = countSelected(tables, chosen, span);
    tellHeadline(describeHeadline(events, tables, chosen, span, write));
    document.querySelector('main')?.classList.toggle('is-empty', events === 0);
    for (const panel of panels) {
      const rows = drawn(panel, tables);
      tellFinding(panel, describeFinding(panel.options, rows, write), set);
      if (!panel.hidden && panel.options.source === 'people') panel.give(rows);
      fillTable(panel, () => listed(panel), write);
    }
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
  for (const chart of charts) panels.find(({ id }) => id === chart.panel.name)?.take(chart);
  // Other people are drawn because something has changed, which is told already.
  const draw = async (panel: PanelElement) => {
    await panel.draw(tables, locale, panel.options.source === 'people' ? () => undefined : change);
    if (panel.hasSignal('brush')) bindBrush(panel);
  };
  await Promise.all(panels.filter((panel) => !panel.hidden).map(draw));
  link(write, bindSwitches(draw, change)); // not before: Vega-Lite's selections do not take up what an element holds when they are bound
  for (const panel of panels) {
    offerFiles(panel, () => listed(panel), write);
    panel.querySelector('details')?.addEventListener('toggle', change);
  }
  tellAge(locale.language);
  update();
  for (const part of document.querySelectorAll('[inert]')) part.removeAttribute('inert');
  document.documentElement.dataset.zen = 'ready';
  performance.mark('zen-ready');
}

start().catch((error: unknown) => {
  document.documentElement.dataset.zen = 'failed'; // the page has a sentence of its own for that, in the reader's language
  throw error;
});
