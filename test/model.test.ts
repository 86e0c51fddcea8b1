import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { kinds } from './support/databases.ts';
import { chooseSteps } from './support/sequence.ts';
import type { Step } from './support/sequence.ts';
import { World } from './support/world.ts';

const { ZEN_TEST_SEED, ZEN_TEST_STEPS, ZEN_TEST_SEQUENCE } = process.env;
const seed = Number(ZEN_TEST_SEED ?? 4);
const length = 25;
/** `npm run test:model` takes 5,000. */
const steps = Number(ZEN_TEST_STEPS ?? 300);
const shares = { server: 2 / 3, embedded: 1 / 3 };
/** On the embedded database a night takes long, for it is opened twice. */
const nights = { server: 0.06, embedded: 0.01 };
const rounds = (kind: 'server' | 'embedded') => Math.ceil((steps * shares[kind]) / length);

describe.each(kinds)('on the %s database', (kind) => {
  let world: World;

  beforeAll(async () => {
    world = await World.open(kind);
  });

  afterAll(() => world.close());

  test(`after each of ${rounds(kind) * length} commands, the tables, status, the ledger and the page are what the model says`, async () => {
    if (ZEN_TEST_SEQUENCE !== undefined) {
      await world.run(JSON.parse(ZEN_TEST_SEQUENCE) as Step[]);
      return;
    }
    for (let round = 0; round < rounds(kind); round++) {
      const number = seed * 1000 + round; // so that no two seeds share sequences
      const steps = chooseSteps(number, length, nights[kind]);
      const failure = await attempt(steps);
      if (failure) throw await describeFailure(number, steps.slice(0, failure.place + 1), failure.error);
    }
    for (const often of Object.values(world.asked))
      expect([kind, world.asked, often > 0]).toEqual([kind, world.asked, true]);
  }, 3_600_000);

  async function attempt(steps: readonly Step[]): Promise<{ place: number; error: Error } | undefined> {
    let place = 0;
    try {
      await world.run(steps, (at) => (place = at));
      return undefined;
    } catch (error) {
      return { place, error: error as Error };
    }
  }

  /** The words of it, and the place in the world where it was noticed. */
  const kindOf = ({ message, stack = '' }: Error) =>
    `${message.split('\n')[0] ?? ''} ${/world\.ts:\d+/.exec(stack)?.[0] ?? ''}`;

  /** The fewest of the steps that fail, too, in a form that can be repeated. */
  async function describeFailure(number: number, steps: Step[], error: Error): Promise<Error> {
    let [fewest, told] = [steps, error];
    for (let size = steps.length >> 1; size > 0; size >>= 1) {
      for (let from = fewest.length - 1 - size; from >= 1; from -= size) {
        // What a step does depends on the time.
        const waits = fewest.slice(from, from + size).filter((step) => step.do === 'wait');
        const fewer = [...fewest.slice(0, from), ...waits, ...fewest.slice(from + size)];
        if (fewer.length === fewest.length) continue;
        const failure = await attempt(fewer);
        if (failure && kindOf(failure.error) === kindOf(error))
          [fewest, told] = [fewer.slice(0, failure.place + 1), failure.error];
        from = Math.min(from, fewest.length - 1);
      }
    }
    const again = `ZEN_TEST_SEQUENCE='[\n${fewest.map((step) => JSON.stringify(step)).join(',\n')}\n]'`;
    return new Error(
      `Seed ${number} on the ${kind} database. ${fewest.length} of its steps are enough:\n${again}\n${told.message}`,
      { cause: told },
    );
  }
});
