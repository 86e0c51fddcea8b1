// Zen's time is UTC everywhere; tests run elsewhere, so that a slip into local time shows.
process.env.TZ = 'America/Los_Angeles';

export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } }] },
  testMatch: ['<rootDir>/test/*.test.ts'],
  globalSetup: '<rootDir>/test/support/setup.ts',
  globalTeardown: '<rootDir>/test/support/teardown.ts',
  reporters: ['default', '<rootDir>/test/support/tally.js'],
  testTimeout: 120_000,
  maxWorkers: 2,
};
