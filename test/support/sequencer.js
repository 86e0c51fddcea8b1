import { basename } from 'node:path';
import Sequencer from '@jest/test-sequencer'; // which comes with jest

/** Seconds that the longest files took, for a clone that has run none yet; any other one takes some. */
const seconds = {
  page: 120,
  year: 110,
  hostile: 90,
  crash: 90,
  cli: 80,
  stranger: 80,
  output: 70,
  restore: 60,
  aggregate: 60,
  states: 60,
  model: 60,
  orders: 60,
  people: 50,
  bombs: 50,
  privacy: 50,
  faults: 50,
  ledger: 40,
  push: 40,
  shards: 40,
  nightly: 40,
  snapshots: 40,
  integrity: 40,
};

/** Starts the longest files first, so that no worker is left with one of them at the end. */
export default class LongestFirst extends Sequencer {
  time(test) {
    return super.time(test) ?? 1000 * (seconds[basename(test.path, '.test.ts')] ?? 10);
  }
}
