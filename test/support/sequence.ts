import { between, favour, mulberry32 } from '../../fixtures/random.ts';
import type { Random } from '../../fixtures/random.ts';
import type { Minute } from '../../src/log/log.ts';
import { dayMs, minuteMs, parseTime } from '../../src/time.ts';
import type { Asked, PruneAsked } from './model.ts';
import type { Sample } from './oracle.ts';

/** Ends a command at a statement of its own, counted from 1: by an error, or by the server, which ends its session. */
interface Cut {
  at: number;
  by: 'error' | 'server';
}

/** One command, or what happens between two; whatever is random in it comes from its seed, so that a list of steps can be repeated. */
export type Step =
  | { do: 'wait'; ms: number }
  | { do: 'append'; seed: number; days: number; events: number; cut?: Cut | undefined }
  | { do: 'restore'; seed: number; share: number; cut?: Cut | undefined }
  | { do: 'delete'; seed: number; days: number; share: number }
  | { do: 'drop'; table: 'dash_visits' | 'dash_engagement' | 'dash_users' }
  | (Asked & {
      do: 'aggregate';
      users?: boolean | undefined;
      jobs: number;
      dryRun: boolean;
      cut?: Cut | undefined;
    })
  | (PruneAsked & { do: 'prune'; dryRun: boolean; cut?: Cut | undefined })
  | { do: 'render'; seed: number; start?: number | undefined; end?: number | undefined }
  | (PruneAsked & {
      do: 'nightly';
      seed: number;
      last: number;
      lookback: number;
      minute: Minute;
      force: boolean;
    });

/** When it all begins. */
export const first = parseTime('2019-09-20');
const hourMs = 60 * minuteMs;

/**
 * A sequence of steps: a log comes first, and a page last.
 *
 * @param nights the share of them that are whole nights
 */
export function chooseSteps(seed: number, length: number, nights: number): Step[] {
  const random = mulberry32(seed);
  const number = () => between(random, 1, 2 ** 30);
  let now = begin;
  const steps: Step[] = [{ do: 'append', seed: number(), days: 1, events: 30 }];
  while (steps.length < length - 1) {
    const step = chooseStep(random, now, number(), nights);
    if (step.do === 'wait') now += step.ms;
    steps.push(step);
  }
  return [...steps, { do: 'render', seed: number() }];
}

/** The first moment: on the second day. */
export const begin = first + dayMs + 3 * hourMs;

function chooseStep(random: Random, now: number, seed: number, nights: number): Step {
  const minute = random() < 0.7 ? 'floor' : 'nearest';
  const users = favour(random, [true, undefined, false]);
  const time = () => chooseTime(random, now);
  const cut = (): Cut | undefined =>
    random() < 0.12 ? { at: between(random, 1, 40), by: random() < 0.1 ? 'server' : 'error' } : undefined;
  const maybe = <T>(value: T, chance = 0.5) => (random() < chance ? value : undefined);
  const prune = {
    raw: maybe(between(random, 0, 4) * dayMs),
    aggregates: maybe(between(random, 1, 6) * dayMs, 0.3),
  };
  const chance = random();
  if (chance < 0.14) return { do: 'wait', ms: between(random, 1, 40) * hourMs };
  if (chance < 0.34)
    return {
      do: 'append',
      seed,
      days: favour(random, [1, 1, 3, 6]),
      events: between(random, 1, 40),
      cut: cut(),
    };
  if (chance < 0.38) return { do: 'restore', seed, share: favour(random, [1, 0.9, 0.5]), cut: cut() };
  if (chance < 0.41) return { do: 'delete', seed, days: 6, share: favour(random, [0.1, 0.5, 1]) };
  if (chance < 0.43)
    return { do: 'drop', table: favour(random, ['dash_users', 'dash_engagement', 'dash_visits'] as const) };
  const run = { minute, users, jobs: between(random, 1, 2), dryRun: random() < 0.1, cut: cut() } as const;
  if (chance < 0.58)
    return {
      do: 'aggregate',
      ...run,
      lookback: maybe(between(random, 1, 60) * hourMs),
      end: maybe(time(), 0.2),
    };
  if (chance < 0.76) {
    const [one, other] = [time(), time()];
    const end = Math.max(one, other);
    return { do: 'aggregate', ...run, start: Math.min(one, other, end - minuteMs), end };
  }
  if (chance < 0.82) return { do: 'prune', ...prune, dryRun: random() < 0.2, cut: cut() };
  if (chance < 0.82 + nights)
    return {
      ...{ do: 'nightly', seed, minute, last: between(random, 1, 7) * dayMs, force: random() < 0.3 },
      ...{ lookback: between(random, 0, 3) * dayMs, ...(random() < 0.7 ? {} : prune) },
    };
  const [one, other] = [time(), time()];
  return random() < 0.5
    ? { do: 'render', seed }
    : { do: 'render', seed, start: Math.min(one, other), end: Math.max(one, other) + minuteMs };
}

/** Midnights, minutes near them, where events are, and now and then any moment. */
function chooseTime(random: Random, now: number): number {
  const day = first + between(random, 0, Math.floor((now - first) / dayMs)) * dayMs;
  const time = favour(random, [day, day + chooseMinute(random), day + between(random, 0, dayMs - 1)]);
  return Math.min(time, now - (now % minuteMs));
}

/** Of a day: within a few minutes of its ends, or of its middle. */
function chooseMinute(random: Random): number {
  return (
    favour(random, [between(random, 0, 6), between(random, 1433, 1439), between(random, 718, 722)]) * minuteMs
  );
}

const topics = ['Наука', 'Кино', '', null, "О'Нил"];

/** Events of the last days, none of them yet to come. */
export function chooseEvents(seed: number, now: number, days: number, number: number): Sample[] {
  const random = mulberry32(seed);
  return Array.from({ length: number }, () => {
    const day = now - (now % dayMs) - between(random, 0, days - 1) * dayMs;
    const second = favour(random, [0, 29_999, 30_000, 30_999, 59_999, between(random, 0, 59_999)]);
    const ts = day + chooseMinute(random) + second;
    return {
      ts: random() < 0.01 ? null : ts < now ? ts : ts - dayMs,
      user_id: random() < 0.05 ? null : between(random, 1, 15),
      item_topic: favour(random, topics),
      source_topic: favour(random, ['Дети', 'Кино', null]),
      age_segment: favour(random, ['18-25', '26-30', null, '']),
      event: favour(random, ['show', 'show', 'click', 'view', null]),
    };
  });
}
