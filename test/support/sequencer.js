import { basename } from 'node:path';
import Sequencer from '@jest/test-sequencer'; // which comes with jest

/** Seconds that the longest files took, for a clone that has run none yet; any other one takes some. */
const seconds = {
  engines: 130,
  page: 95,
  paper: 55,
  model: 50,
  aggregate: 50,
  pack: 40,
  orders: 40,
  stranger: 40,
  people: 40,
  layout: 40,
  ledger: 40,
  cli: 35,
  faults: 35,
  hostile: 35,
  integrity: 35,
  preview: 35,
  nightly: 30,
  pages: 30,
  tasks: 30,
  'own-log': 30,
  crash: 30,
  runs: 25,
  ladder: 25,
  restore: 25,
  states: 25,
  bombs: 25,
  project: 20,
  output: 20,
  snapshots: 20,
  year: 20,
};

/** Starts the longest files first, so that no worker is left with one of them at the end. */
export default class LongestFirst extends Sequencer {
  time(test) {
    return super.time(test) ?? 1000 * (seconds[basename(test.path, '.test.ts')] ?? 10);
  }
}
