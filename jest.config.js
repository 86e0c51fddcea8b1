import { existsSync, statfsSync } from 'node:fs';

// Zen's time is UTC everywhere; tests run elsewhere, so that a slip into local time shows. Nothing that is set outside reaches them.
process.env.TZ = 'America/Los_Angeles';
for (const name of Object.keys(process.env)) {
  if (/^(PG|ZEN_|DATABASE_URL$)/.test(name) && !name.startsWith('ZEN_TEST_')) delete process.env[name];
}

// Tests make thousands of small files, and a disk may take a millisecond to delete one: use memory, where it is a folder with room.
const memory = '/dev/shm';
if (existsSync(memory) && roomOf(memory) > 8e9) process.env.TMPDIR = memory;

function roomOf(folder) {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

export default {
  testEnvironment: '<rootDir>/test/support/environment.js',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } }] },
  testMatch: ['<rootDir>/test/*.test.ts'],
  globalSetup: '<rootDir>/test/support/setup.ts',
  globalTeardown: '<rootDir>/test/support/teardown.ts',
  testSequencer: '<rootDir>/test/support/sequencer.js',
  reporters: ['default', '<rootDir>/test/support/tally.js'],
  testTimeout: 300_000,
  maxWorkers: 3, // on two cores: one often waits for a server or a browser
  // A process that has run some files keeps much of them, above all the memory of WebAssembly: tests took up to seven times as long in it.
  workerIdleMemoryLimit: 0, // a new process for each file
  workerGracefulExitTimeout: 10_000, // on a busy machine a large process takes more than jest's half a second to end
};
