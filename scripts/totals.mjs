// Adds up vitest's JSON reports and prints the one line of totals that CI ends with; a missing or empty report is a failure.
import { existsSync, readFileSync } from 'node:fs';

let passed = 0;
let failed = 0;
for (const file of process.argv.slice(2)) {
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  if (!report || report.numTotalTests === 0) {
    failed += 1;
    continue;
  }
  passed += report.numPassedTests;
  // A file that could not be loaded has no failed test of its own.
  failed += report.numFailedTests + (report.success || report.numFailedTests > 0 ? 0 : 1);
}
if (process.argv.length <= 2) failed += 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
