import Handlebars from 'handlebars';
import type { TopLevelSpec } from 'vega-lite';
import { messageOf, shorten, ZenError } from '../errors.ts';
import { readShipped } from '../files.ts';
import { describeChange, joinChange } from '../shared/text/change.ts';
import type { Change } from '../shared/text/change.ts';
import { known } from '../shared/known.ts';
import type { Column, Panel } from '../shared/panels.ts';
import { listMinutes } from '../shared/minutes.ts';
import { formatMoment } from '../shared/text/minute-text.ts';
import { partMark, namesOf } from '../shared/data/payload.ts';
import type { Merged, Payload } from '../shared/data/payload.ts';
import type { Chart, Locale, Settings } from '../shared/settings.ts';
import type { Row, Tables } from '../shared/data/table.ts';
import { show, sheetRows, tabulate } from '../shared/text/data-table.ts';
import { describeFinding, describeHeadline, describeSelection } from '../shared/text/findings.ts';
import { findBaseline, usual } from '../shared/baseline.ts';
import { listGroupRows, listTopics, listWholeAges, traceEvents } from '../shared/topics.ts';
import type { TopicRow } from '../shared/topics.ts';
import { describeLadder, describeStep } from '../shared/text/step-text.ts';
import {
  describeDays,
  describeTopic,
  explainBaseline,
  listComparisons,
  listSections,
  traceRates,
} from '../shared/text/topic-text.ts';
import { controlOf, everything } from '../shared/selection.ts';
import { dayMs, minuteMs } from '../shared/units.ts';
import { ofFunnel } from '../shared/text/funnel-text.ts';
import { joinNames, titleOf } from '../shared/text/names.ts';
import type { Translate } from '../shared/text/messages.ts';
import type { Writer } from '../shared/text/format.ts';
import type { Facts } from './data-quality.ts';
import { isAdditive } from '../log/aggregates.ts';
import { isNameless } from './columns.ts';
import { isSwitchedOff, listChoices, listControls, listFilters } from './layout.ts';
import { writersOf } from './locale.ts';
import { readLogo } from './looks.ts';
import { describePage, readParts, seal } from './manifest.ts';
import { writePolicy } from './csp.ts';
import type { Snapshot } from '../shared/vega/snapshot.ts';

export interface Page {
  title: string;
  locale: Locale;
  payload: Payload;
  /** The packed payload. */
  packed: string;
  events: number;
  facts: Facts;
  /** The change of the last day from others. */
  change: Change | null;
  warning: string;
  /** True when there are people to show. */
  counted: boolean;
  charts: Chart[];
  /** The panels, one for each chart, in order. */
  snapshots: Snapshot[];
  tables: Tables;
  /** The charts' Vega-Lite specifications, for readers of the source. */
  sources: Record<string, TopLevelSpec>;
}

/** Compiled on first use. */
const template = Handlebars.compile(readShipped('templates/page.hbs'), { strict: true });

const ofNumbers = [
  ['Share of a source topic', 'Its events divided by all events of the selection.'],
  ['Funnel', ofFunnel],
  [
    'Missing',
    'A stretch that was never aggregated is grey; a minute without events is a zero. A hatched stretch has not one event between minutes that have many: the feed of the log has probably failed there.',
  ],
] as const;

const ofMinutes = {
  floor: 'The minute in which an event happened, in UTC. A period does not include its end.',
  nearest: 'The full minute nearest to an event, in UTC. A period does not include its end.',
  both: 'In some of the period the minute in which an event happened, in the rest the full minute nearest to it, in UTC. Where these meet, an event may be counted twice, or not at all.',
};

const ofPeople = [
  [
    'People',
    'Distinct users, each counted once, however often they come back. Of the people shown a card of the selection, it counts those who clicked or viewed one. One person may be in several topics or ages. So for some topics or ages, and for a period that is not in whole steps, only bounds are known, and a range is shown.',
  ],
] as const;

/** Renders the whole dashboard as one HTML file (UTF-8) that loads nothing: it contains style, script and data. */
export function renderPage({
  title,
  locale,
  payload,
  packed,
  events,
  facts,
  change,
  warning,
  counted,
  charts,
  snapshots,
  tables,
  sources,
}: Page): Buffer {
  const { write, utc } = writersOf(locale);
  const { t, clock } = write;
  const { start, end, people } = payload;
  const filters = listFilters().filter(
    (field) => Object.hasOwn(payload.dimensions, field) && !isNameless(payload, field, t),
  );
  const span: [number, number] = [start, end];
  const headline = describeHeadline(events, tables, everything, span, write);
  const nothing = t(events > 0 ? 'No events for this selection.' : 'No data in this period.');
  const baseline = findBaseline(tables, everything, span, usual);
  const key = describeRows(tables, listTopics(tables, everything, span, baseline), write);
  const groups = listGroupRows('item_topic', tables, everything, span, baseline);
  const sections = describeRows(tables, groups, write);
  const ofAges = listWholeAges(payload, tables, everything, span, baseline);
  const compared = explainBaseline(tables, everything, baseline, write);
  const panels = charts.flatMap(({ panel }, at) => {
    if (panel.within !== '') return [];
    const { rows, svg } = known(snapshots[at]);
    const isFirst = charts.findIndex((other) => other.panel.area === panel.area) === at;
    const choices = listChoices(panel, charts).map((other) => ({
      ...other,
      pressed: other.name === panel.name,
    }));
    const isHidden = isSwitchedOff(panel, charts);
    const listed = panel.minutes ? listMinutes(panel, tables, everything, span) : rows;
    const drawn = {
      ...panel,
      ...sheet(panel, isHidden ? [] : listed, write),
      ...{ nothing, key, sections, compared, choices, hidden: isHidden, svg },
      finding: findIn(panel, rows, write),
      headline: panel.area === 'main' && isFirst ? headline : null,
      summed: isAdditive(panel.source) ? '' : t(summed),
      unfiltered: panel.unfiltered.map((id) => ({ id, text: describeUnfiltered(id, t) })),
    };
    return [drawn];
  });
  const changed = change && describeChange(change, utc);
  const told = {
    title,
    warning,
    change: changed ? joinChange(changed) : '',
    silences: describeSilences(facts, utc),
    summary: [
      ...describeSelection(everything, span, write, filters).map(({ text }) => text),
      ...(changed ? [describeDays(span, write)] : []),
    ]
      .filter(Boolean)
      .join(' · '),
    ...headline,
    findings: [
      ...panels.filter(({ hidden, finding }) => !hidden && finding !== '').map(({ finding }) => finding),
      ...listSections(groups, ofAges, write),
    ],
  };
  const parts = readParts();
  const view = {
    ...told,
    language: locale.language,
    logo: readLogo(),
    changed,
    policy: writePolicy(parts),
    manifest: inert(JSON.stringify({ ...describePage(payload, { ...parts, packed }), page: '' })),
    payload: packed.split(partMark)[0],
    rows: packed.split(partMark)[1] ?? '',
    settings: inert(JSON.stringify({ locale, charts, filters, words: told } satisfies Settings)),
    sources: inert(JSON.stringify(sources)),
    notices: readShipped('dist/notices.txt').replaceAll('<', '‹'),
    areas: areas
      .map((area) => ({ area, panels: panels.filter((panel) => panel.area === area) }))
      .filter((area) => area.panels.length > 0),
    facts: describeFacts(facts, events, end, utc),
    zone: clock.name(start, end),
    from: formatMoment(clock.shift(start), locale.language),
    to: formatMoment(clock.shift(end), locale.language),
    ladder: describeLadder(payload.ladder, utc),
    strip: end - start > dayMs && {
      width: (end - start) / minuteMs,
      path: traceRates(traceEvents(tables, everything, span)),
    },
    comparisons: listComparisons(t),
    choices: describeChoices(payload, filters, t),
    topicless: !filters.includes('item_topic'),
    people: people !== null,
    steps:
      people && people.step > 1
        ? t('People are counted in steps of {step}', { step: describeStep(people.step * minuteMs, write) })
        : '',
    small: describeMerged(payload.merged, write),
    noPeople: counted && !people ? t('People are left out, so that this file can be sent.') : '',
    definitions: define(facts, people !== null).map(([term, meaning]) => ({
      term: t(term),
      meaning: t(meaning),
    })),
    isEmpty: events === 0,
  };
  return seal(template(view, { helpers: { t: withoutValues(t) } }), parts);
}

/** Makes a translator of bare texts. The template keeps its last helper, which so holds nothing else of the page. */
function withoutValues(t: Translate): (text: string) => string {
  return (text) => t(text);
}

/** Defines the numbers of the page. */
function define({ rules }: Facts, people: boolean): (readonly [string, string])[] {
  const rule = rules.length > 1 ? 'both' : (rules[0] ?? 'floor');
  return [
    ['Event', 'A card shown, clicked or viewed: one row of the log.'],
    ['Minute', ofMinutes[rule]],
    ...ofNumbers,
    ...(people ? ofPeople : []),
  ];
}

const areas: readonly Panel['area'][] = ['main', 'side', 'wide'];

/** The most names that fit in a control; more go into a menu. */
const mostButtons = 12;

/** Lists the controls that choose names, besides the topic table. */
function describeChoices(payload: Payload, filters: readonly string[], t: Translate): object[] {
  const fields = listControls().filter((field) => field !== 'item_topic' && field in payload.dimensions);
  return fields.map((field) => {
    const names = namesOf(payload, field);
    const isHidden = !filters.includes(field);
    return {
      id: controlOf(field),
      title: titleOf(field, t),
      names,
      groups: payload.groups?.filter((group) => group.field === field) ?? [],
      isHidden,
      isMenu: names.length > mostButtons,
    };
  });
}

/** The note under a chart whose aggregate is declared not to add up. */
const summed = 'Each number is of one minute and group. Added up, they may count the same more than once.';

/** The note that a chart ignores a control. */
function describeUnfiltered(id: string, t: Translate): string {
  switch (id) {
    case 'topics':
      return t('The filter by topic does not apply to this chart.');
    case 'ages':
      return t('The filter by age does not apply to this chart.');
    case 'period':
      return t('The filter by period does not apply to this chart.');
    default:
      return t('The filter “{name}” does not apply to this chart.', { name: titleOf(id, t) });
  }
}

/** Returns the finding of a panel. @throws ZenError `usage`, with the file's name, where its rows have none of that kind */
export function findIn(panel: Panel, rows: readonly Row[], write: Writer): string {
  try {
    return describeFinding(panel, rows, write);
  } catch (error) {
    const fields = shorten(Object.keys(rows[0] ?? {}).join(', '), 200);
    const why = `templates/charts/${panel.name}.vl.json: ${messageOf(error)}`;
    throw new ZenError(
      'usage',
      `${why}. Its rows have ${fields}. Name those: “largest of <names> by <numbers>”.`,
      {
        cause: error,
      },
    );
  }
}

/** Renders a panel's table for the page before JavaScript starts. */
function sheet(
  panel: Panel,
  drawn: readonly Row[],
  write: Writer,
): { columns: Column[]; rows: object[]; more: boolean } {
  const { columns, body } = tabulate(panel, drawn, write);
  return {
    columns,
    rows: body.slice(0, sheetRows).map((cells) =>
      cells.map((cell, index) => {
        const column = known(columns[index]);
        return { text: show(cell, column, write), style: column.kind === 'text' ? '' : column.kind };
      }),
    ),
    more: body.length > sheetRows,
  };
}

/** Lists the rows of the topic table, each with its colour. */
function describeRows({ lookUps }: Tables, rows: readonly TopicRow[], write: Writer): object[] {
  const tints = new Map(lookUps.topics.map(({ name, tint }) => [name, tint]));
  return rows.map((row) => ({ name: row.name, color: tints.get(row.name), ...describeTopic(row, write) }));
}

/** Describes what is known about the page's own numbers; empty when nothing is. */
function describeFacts(facts: Facts, count: number, end: number, write: Writer): object {
  const { gaps, aggregated, unseen } = facts;
  const { t, range, time } = write;
  return {
    events: t('This file holds {events event|events}', { events: count }),
    logged:
      unseen === null
        ? ''
        : t('The log has changed since: it holds {events event|events}', { events: count + unseen }),
    same: unseen === 0,
    silences: describeSilences(facts, write),
    gaps: gaps.map(({ start, end }) => range(start, end)).join('; '),
    aggregated: aggregated === null ? '' : new Date(aggregated).toISOString(),
    when: aggregated === null ? '' : time(aggregated, true),
    until: describeEnd(end, write),
  };
}

/** Writes the end of a period; midnight is 24:00 of the day before. */
function describeEnd(end: number, { day, time }: Writer): string {
  return end % dayMs === 0 ? `${day(end - 1)}, 24:00` : time(end, true);
}

function describeSilences({ silences }: Facts, write: Writer): string {
  if (silences.length === 0) return '';
  const stretches = silences.map(({ start, end }) => write.range(start, end));
  return write.t('Suspicious silence: {stretches} UTC.', { stretches: joinNames(stretches, write, '; ') });
}

/** Says which groups share a common name. */
function describeMerged(merged: Merged | null, { t }: Writer): string {
  if (!merged || merged.groups === 0) return '';
  const { least: people, groups } = merged;
  return t(
    'Groups (a topic, an age, an event) of fewer than {people person|people} are merged: {groups group|groups} stand under “other topics” or “all other ages”',
    { people, groups },
  );
}

/** Writes JSON that cannot end its script element, whatever its strings contain. */
function inert(json: string): string {
  return json.replaceAll('<', '\\u003c');
}
