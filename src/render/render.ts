import { setImmediate as turn } from 'node:timers/promises';
import type { TopLevelSpec } from 'vega-lite';
import { inFull } from '../async/in-full.ts';
import type { Database, Session } from '../db/database.ts';
import { shorten, ZenError } from '../errors.ts';
import { requireTable } from '../db/tables.ts';
import { querySpan } from '../ledger/silence.ts';
import { listAggregates } from '../log/aggregates.ts';
import type { Window } from '../time.ts';
import { dayMs, lastMidnight, requireOrder } from '../time.ts';
import { isOfPeople, listOfPeople } from '../shared/people/sources.ts';
import type { Change } from '../shared/text/change.ts';
import { namesOf } from '../shared/data/payload.ts';
import type { Payload } from '../shared/data/payload.ts';
import type { Ladder } from '../shared/ladder.ts';
import type { Returns } from '../shared/people/returns.ts';
import type { Chart, Locale } from '../shared/settings.ts';
import { mapValues } from '../shared/known.ts';
import { tabulatePayload } from '../shared/data/table.ts';
import type { Tables } from '../shared/data/table.ts';
import type { Snapshot } from '../shared/vega/snapshot.ts';
import { countRows, sumUp } from '../shared/data/totals.ts';
import { listNamedGroups } from '../log/named-groups.ts';
import { listSteps } from '../log/steps.ts';
import { listAbsent } from '../log/source.ts';
import type { Panel } from '../shared/panels.ts';
import { findBaseline, usual } from '../shared/baseline.ts';
import { listTopics, tintTopics } from '../shared/topics.ts';
import { everything, usualFilters } from '../shared/selection.ts';
import { captionSpikes } from '../shared/text/spike-text.ts';
import { finish } from '../shared/data/cells.ts';
import { findSpikes } from '../shared/spikes.ts';
import type { Translate } from '../shared/text/messages.ts';
import { choose, queryAggregates } from './aggregates.ts';
import type { Aggregates } from './aggregates.ts';
import { callName, isNameless, uncallName } from './columns.ts';
import { compileChart, drawFirst, drawsPeople, readChart } from './charts.ts';
import type { Compiled, Scene } from './charts.ts';
import { listSources, requireFields } from './fields.ts';
import { describeDifference } from './compare.ts';
import { queryFacts } from './data-quality.ts';
import type { Facts } from './data-quality.ts';
import { keepLargest, queryChange } from './change.ts';
import type { Extension } from '../files.ts';
import { suggest } from '../suggest.ts';
import { coarsen, fit, fitPeople } from './fit-size.ts';
import { Clock } from '../shared/text/clock.ts';
import { readLocale, translateTo, writersOf } from './locale.ts';
import { readTheme } from './looks.ts';
import type { LocaleName } from './locale.ts';
import { arrange, isSwitchedOff, listFilters, readCharts, requireFilters } from './layout.ts';
import { listUnknown, translateNames } from './narrow.ts';
import type { Where } from './narrow.ts';
import { pack } from './pack.ts';
import { findIn, renderPage } from './page.ts';
import { addFilters } from './panels.ts';
import type { DescribedTables } from './panels.ts';
import { thin } from './people.ts';
import { remember } from './remember.ts';
import { buildLadder } from './steps.ts';
import type { StepByAge } from './steps.ts';
import { verify } from './verify.ts';

export interface RenderOptions {
  /** Unix milliseconds; by default, the first aggregated minute. */
  start?: number | undefined;
  /** Unix milliseconds, exclusive; by default, the end of the last aggregated minute. */
  end?: number | undefined;
  locale: LocaleName;
  /** The time zone of the page's clock, by its IANA name. */
  timeZone?: string | undefined;
  title?: string | undefined;
  /** The page's maximum size in megabytes (of 1,000,000 bytes); by default, any. */
  maxSize?: number | undefined;
  /** The steps of its rows by age; by default, minutes. They grow longer when the page would be too large. */
  steps?: readonly StepByAge[] | undefined;
  /** Groups of fewer people than this are merged (`mergeSmall`); by default, none. */
  minCell?: number | undefined;
  /** A text above everything on the page. */
  warning?: string | undefined;
  /** Aggregates to read from the log by their statements, because their tables hold other data. */
  unmade?: readonly string[] | undefined;
}

export interface Rendered {
  /** UTF-8. */
  html: Buffer;
  period: Window;
  /** The events on the page. */
  events: number;
  /** The rows of all aggregates on the page. */
  rows: number;
  charts: Chart[];
  /** Charts that process an aggregate row by row, because nothing could be pushed down. */
  slow: string[];
  /** The steps of the page's rows. */
  ladder: Ladder;
  /** The minutes of the steps that distinguish people; null when the page does not count people. */
  people: number | null;
  /** Stretches in which a busy log was silent. */
  silences: Window[];
  /** The number of groups that share a common name, because they, or one of them, have fewer people than `minCell`. */
  merged: number;
  /** UTC days with people unknown, or not all known: the reason that the page does not count people. */
  uncounted: number[];
  /** Sentences on group names in zen.json that the period lacks. */
  strangers: string[];
}

/** Everything that a page is made of. */
export interface Content {
  period: Window;
  facts: Facts;
  /** Everything that was read, of which other pages may show parts; see `ofPage`. */
  whole: Aggregates;
  payload: Payload;
  people: Returns | null;
  uncounted: number[];
  change: Change | null;
}

/** The current task and, while reading, its completed share. */
export interface RenderProgress {
  stage: 'reading' | 'packing' | 'drawing' | 'fitting';
  share?: number;
}

/**
 * Reads the content for a page of a period.
 *
 * @param session one with a snapshot, so that all data is from one moment
 * @param now Unix milliseconds
 * @throws ZenError `usage` when the period ends before it starts, `failed` when there are no tables
 */
export async function readContent(
  session: Session,
  options: RenderOptions,
  now: number,
  onProgress: (progress: RenderProgress) => void = () => undefined,
): Promise<Content> {
  const period = await resolvePeriod(session, options, now);
  const translate = translateTo(options.locale);
  // Asked at once, they are answered side by side where there are two connections.
  const [facts, change, whole] = await inFull([
    queryFacts(session, period),
    queryChange(session, period, translate),
    queryAggregates(session, period, [], {
      translate,
      unmade: options.unmade,
      onDay: (share) => {
        onProgress({ stage: 'reading', share });
      },
    }),
  ]);
  requireFilters(Object.keys(whole.payload.dimensions));
  whole.payload.gaps = facts.gaps;
  whole.payload.silences = facts.silences;
  const { payload, people, uncounted } = choose(whole, undefined, options.minCell ?? 1, translate);
  return {
    ...{ period, facts, whole, payload, people, uncounted },
    change: change && keepLargest(change, payload.merged && namesOf(payload, 'item_topic')),
  };
}

/** The options of a page beside the dashboard, with the names that it is restricted to. */
export interface Part extends RenderOptions {
  where?: Where | undefined;
}

/**
 * Returns the content of another page of the same period, in its own language. It is restricted to some names, and
 * reveals nothing about others.
 *
 * @param read the locale in which the content was read
 */
export function ofPage(content: Content, read: LocaleName, { where, locale, minCell }: Part): Content {
  const [from, to] = [read, locale].map(translateTo) as [Translate, Translate];
  const { whole, facts, change } = content;
  const payload = read === locale ? whole.payload : translateNames(whole.payload, from, to);
  const own = choose({ ...whole, payload }, where, minCell ?? 1, to);
  const isWhole = where === undefined;
  const told = isWhole ? facts : { ...facts, unseen: null };
  const rename = (name: string) => callName(uncallName(name, from), to);
  const topics = change?.topics.map(({ name, by }) => ({ name: rename(name), by })) ?? [];
  return { ...content, ...own, facts: told, change: isWhole && change ? { ...change, topics } : null };
}

/** Lists a page's names that the period lacks, with suggestions; none where the period has no names at all. */
export function listMisspelt({ whole }: Content, read: LocaleName, where: Where): string[] {
  return listUnknown(whole.payload, where, translateTo(read))
    .filter(({ known }) => known.length > 0)
    .map(({ field, name, known }) => {
      const meant = shorten(suggest(name, known), 200);
      return `${field} “${name}”, of which the period has nothing. ${meant}`;
    });
}

/** Returns the content without everything read, which takes as much memory as the visible part. */
async function readStrangers(
  content: Content | Promise<Content>,
): Promise<Omit<Content, 'whole'> & Pick<Rendered, 'strangers'>> {
  const { whole, ...rest } = await content;
  return { ...rest, strangers: listStrangers(whole) };
}

/** Lists the group members in zen.json that the period lacks, with suggestions. */
function listStrangers({ payload }: Aggregates): string[] {
  const all = usualFilters.flatMap((field) => namesOf(payload, field));
  if (all.length === 0) return [];
  return listNamedGroups().flatMap(({ name: group, names }) =>
    names
      .filter((name) => name !== '' && !all.includes(name))
      .map(
        (name) =>
          `groups of zen.json: “${group}” has “${name}”, of which the period has nothing. ${shorten(suggest(name, all), 200)}`,
      ),
  );
}

/**
 * Renders the dashboard of a period from the aggregates; when these are empty, the page says so. The finished page is
 * read back, recounted and compared with its manifest, so that none is returned that `zen verify` would reject.
 *
 * @param now Unix milliseconds
 * @param content already read; by default, read from one snapshot
 * @throws ZenError `usage` when the period ends before it starts, `failed` when there are no tables, the page cannot be
 *   made small enough, or is not what it states, `interrupted`
 */
export async function render(
  db: Pick<Database, 'demand' | 'transaction'>,
  options: RenderOptions,
  now = Date.now(),
  onProgress: (progress: RenderProgress) => void = () => undefined,
  content?: Content,
): Promise<Rendered> {
  // All rows of the page are let go before they are read back.
  const page = await compose(db, options, now, onProgress, content);
  await requireWhole(page.html);
  return page;
}

async function compose(
  db: Pick<Database, 'demand' | 'transaction'>,
  options: RenderOptions,
  now: number,
  onProgress: (progress: RenderProgress) => void,
  content?: Content,
): Promise<Rendered> {
  const readAll = (session: Session) => readContent(session, options, now, onProgress);
  const {
    period,
    facts,
    payload: minutes,
    people,
    uncounted,
    change,
    strangers,
  } = await readStrangers(content ?? db.transaction(readAll, { snapshot: 'read only', beside: true }));
  const ladder = buildLadder(period, options.steps ?? []);
  const locale = readLocale(options.locale, options.timeZone);
  const translate = translateTo(options.locale);
  const begin = async (stage: RenderProgress['stage']) => {
    onProgress({ stage });
    await turn(); // to see signals, which earlier work has delayed
    db.demand();
  };
  await begin('packing');
  const { payload, packing } = await packWhole(minutes, ladder, () => people);
  const { events } = sumUp(payload);
  const counted = payload.people !== null;
  const title = options.title ?? translate('Zen: interaction with cards');
  const { warning = '' } = options;
  const draw = (content: Packing) =>
    drawPage(content, { title, locale, translate, events, facts, change, warning, counted });
  await begin('drawing');
  let page = await draw({ payload, packing });
  const whole = { payload, packed: await packing };
  const rest = page.html.length - whole.packed.length;
  const most = (options.maxSize ?? Infinity) * 1e6;
  let room = most - rest - slack;
  for (let over = whole.packed.length - room; over > 0; room -= over) {
    await begin('fitting');
    const fitted = await fit(await fitPeople(whole, room), room, most - room);
    page = await draw({ payload: fitted.payload, packing: fitted.packed });
    over = page.html.length - most; // because of a table that lists step lengths
  }
  return {
    ...page,
    period,
    events,
    silences: facts.silences,
    merged: payload.merged?.groups ?? 0,
    uncounted,
    strangers,
    rows: Object.values(payload.tables).reduce((sum, { cells }) => sum + countRows(cells), 0),
  };
}

/** A payload, and its packed form, which may take as long as drawing. */
interface Packing {
  payload: Payload;
  packing: string | Promise<string>;
}

/** Packs a payload in the steps of a page, with the people of the same period. */
const packWhole = remember(
  async (minutes: Payload, ladder: Ladder, people: () => Returns | null): Promise<Packing> => {
    const payload = { ...coarsen(minutes, ladder) };
    const packing = pack(payload);
    const all = people();
    if (!all) return { payload, packing };
    const packed = await packing;
    payload.people = thin(all, { ...payload, packed });
    return { payload, packing: pack(payload, packed) };
  },
);

async function requireWhole(html: Buffer): Promise<void> {
  const { differences } = await verify(html);
  const told = differences.map(describeDifference).join(' ');
  if (told !== '') throw new ZenError('failed', `The new page is not what it states. ${told}`);
}

/** The bytes by which a page may grow when it states its steps. */
const slack = 4000;

interface Setting {
  title: string;
  locale: Locale;
  translate: Translate;
  events: number;
  facts: Facts;
  change: Change | null;
  warning: string;
  /** True when there are people to show. */
  counted: boolean;
}

async function drawPage(
  { payload, packing }: Packing,
  { translate, ...setting }: Setting,
): Promise<Pick<Rendered, 'html' | 'charts' | 'slow' | 'ladder' | 'people'>> {
  const { ladder, start, end } = payload;
  const shown = readOnce(ofRun, {
    ...{ scene: { period: { start, end }, ladder }, locale: setting.locale, steps: listSteps() },
    ...{ files: readCharts(), theme: readTheme(), filters: listFilters() },
    described: mapValues(payload.tables, ({ fields, measure }) => ({ fields, measure })),
  }).filter(
    ({ source }) => (payload.people !== null || !drawsPeople(source)) && !drawsOthers(source, payload),
  );
  const sources = Object.fromEntries(shown.map(({ name, source }) => [name, source]));
  const drawable = shown.map(({ compile }) => compile());
  const named = drawable.filter(({ panel }) => !showsAbsent(panel, payload, translate));
  const compiled = arrange(named.length > 0 ? named : drawable);
  const tables = tabulateWhole(payload, setting.locale);
  const draw = (chart: Compiled) => drawSeen(chart, compiled, tables, setting.locale);
  const snapshots = await Promise.all(compiled.map(draw));
  const charts = compiled.map(({ panel, spec, rows, tables }) => ({ panel, spec, rows, tables }));
  return {
    html: renderPage({ ...setting, payload, packed: await packing, charts, snapshots, tables, sources }),
    charts,
    slow: compiled.filter(({ left }) => left.length > 0).map(({ panel }) => panel.name),
    ladder,
    people: payload.people?.step ?? null,
  };
}

/** Returns the tables of a page as it opens, with everything its charts look up. */
const tabulateWhole = remember((payload: Payload, locale: Locale): Tables => {
  const tables = tabulatePayload(payload);
  const span: [number, number] = [payload.start, payload.end];
  tintTopics(
    tables,
    listTopics(tables, everything, span, findBaseline(tables, everything, span, usual)),
    null,
  );
  tables.lookUps.spikes = captionSpikes(
    finish(findSpikes(tables, {}, span)),
    everything,
    writersOf(locale).write,
  );
  return tables;
});

/** The inputs of compiling a chart, which looks up some of them itself. */
interface Uncompiled {
  name: string;
  source: TopLevelSpec;
  described: DescribedTables;
  theme: unknown;
  /** The fields to filter by, from which its controls follow. */
  filters: string[];
}

/** The inputs of a page's charts. */
interface Inputs extends Pick<Uncompiled, 'described' | 'theme' | 'filters'> {
  scene: Omit<Scene, 'clock'>;
  locale: Locale;
  /** The steps of the funnel. */
  steps: readonly unknown[];
  files: readonly Extension[];
}

interface PageChart extends Pick<Uncompiled, 'name' | 'source'> {
  /** @throws ZenError `usage` for a field that its data lack, and for a specification that does not compile */
  compile: () => Compiled;
}

/** Returns the charts of pages with the same inputs, so that the pages of a run read and compile them once. */
const readOnce = remember((run: object, { scene, locale, files, ...inputs }: Inputs): PageChart[] => {
  const setting = { ...scene, clock: new Clock(locale.timeZone) };
  return files.map(({ name }) => {
    const source = addFilters(readChart(name, setting, writersOf(locale).write.t), inputs.described);
    let compiled: Compiled | undefined;
    return { name, source, compile: () => (compiled ??= compileOnce(run, { ...inputs, name, source })) };
  });
});

/** Compiles a chart once for the same source, so that a preview compiles the edited one alone. */
const compileOnce = remember((_run: object, { name, source, described }: Uncompiled): Compiled => {
  requireFields(name, source, described);
  return compileChart(name, source, described);
});

/** Shared by the pages of a run. */
const ofRun = {};

/** Draws a chart as the page shows it first: one behind a button not at all. @param charts those of the page */
async function drawSeen(
  chart: Compiled,
  charts: Compiled[],
  tables: Tables,
  locale: Locale,
): Promise<Snapshot> {
  const { panel } = chart;
  const unseen = { svg: '', rows: [] };
  if (panel.within !== '') return unseen;
  if (isOfPeople(panel.source)) return { ...unseen, rows: listOfPeople(panel.source, tables, everything) };
  if (!isSwitchedOff(panel, charts)) return drawOnce(tables, chart, locale);
  if (tried.has(chart.spec)) return unseen;
  const { rows } = await drawOnce(tables, chart, locale);
  findIn(panel, rows, writersOf(locale).write);
  if (rows.length > 0) tried.add(chart.spec); // without rows, nothing was tried
  return unseen;
}

/** Charts behind a button that were drawn once, to find those that cannot be. */
const tried = new WeakSet<object>();

const drawOnce = remember((tables: Tables, chart: Chart, locale: Locale) => drawFirst(chart, tables, locale));

const sourcesOf = remember((source: TopLevelSpec) => listSources(source));

/** Tells whether a chart draws an aggregate that a restricted page leaves out, because it lacks the dimensions of its names. */
function drawsOthers(source: TopLevelSpec, { only, tables }: Payload): boolean {
  const named = sourcesOf(source).filter((name) => listAggregates().some((each) => each.name === name));
  return only !== undefined && named.some((name) => !Object.hasOwn(tables, name));
}

/** Tells whether a chart shows names that the log, or the period, lacks, and no times. */
function showsAbsent({ columns }: Panel, payload: Payload, translate: Translate): boolean {
  return (
    !columns.some(({ kind }) => kind === 'time') &&
    columns.some(({ field }) => listAbsent().includes(field) || isNameless(payload, field, translate))
  );
}

/** Without dates, returns everything aggregated or, when there is nothing, the last UTC day. */
async function resolvePeriod(
  session: Session,
  { start, end, unmade = [] }: RenderOptions,
  now: number,
): Promise<Window> {
  for (const { name, table } of listAggregates())
    if (!unmade.includes(name)) await requireTable(session, table, 'zen aggregate');
  const midnight = lastMidnight(now);
  const span = (await querySpan(session)) ?? { start: midnight - dayMs, end: midnight };
  const period = { start: start ?? span.start, end: end ?? span.end };
  requireOrder('period', period);
  return period;
}
