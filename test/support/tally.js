const many = 20;

/** Ends a run with the slowest tests, if there are many, and with one plain line, for whoever reads only the last one. */
export default class Tally {
  onRunComplete(_contexts, { testResults, numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
    const tests = testResults.flatMap((file) => file.testResults);
    const slowest = tests.sort((a, b) => (b.duration ?? 0) - (a.duration ?? 0)).slice(0, many);
    if (tests.length > 5 * many) {
      console.log(`The slowest ${many} of ${tests.length} tests, in seconds:`);
      for (const { duration, fullName } of slowest)
        console.log(
          `${(duration / 1000).toFixed(1).padStart(6)}  ${fullName.replace(/\s+/g, ' ').slice(0, 150)}`,
        );
    }
    console.log(`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed`);
  }
}
