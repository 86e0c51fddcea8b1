import { basename } from 'node:path';
import Sequencer from '@jest/test-sequencer'; // which comes with jest

/** Seconds that the longest files took, for a clone that has run none yet; any other one takes some. */
const seconds = {
  page: 70,
  stranger: 60,
  faults: 60,
  bombs: 50,
  cli: 45,
  restore: 45,
  aggregate: 45,
  states: 45,
  nightly: 45,
  crash: 40,
  orders: 35,
  output: 35,
  project: 35,
  hostile: 35,
  snapshots: 35,
  runs: 35,
  pack: 30,
  integrity: 30,
  ledger: 30,
  year: 25,
  users: 20,
  shards: 15,
};

/** Starts the longest files first, so that no worker is left with one of them at the end. */
export default class LongestFirst extends Sequencer {
  time(test) {
    return super.time(test) ?? 1000 * (seconds[basename(test.path, '.test.ts')] ?? 10);
  }
}
