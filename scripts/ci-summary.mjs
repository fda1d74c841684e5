// Prints what a test report counted, as one plain line, and every skipped test by name.

import { existsSync, readFileSync } from 'node:fs'

if (!existsSync(process.argv[2])) {
  process.stdout.write('no test ran: there is no report\n')
  process.exit(1)
}
const report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
for (const file of report.testResults) {
  for (const test of file.assertionResults) {
    if (test.status === 'skipped' || test.status === 'pending') {
      process.stdout.write(`skipped: ${test.fullName}\n`)
    }
  }
}
const { numPassedTests, numFailedTests, numPendingTests } = report
process.stdout.write(
  `${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped\n`,
)
if (numFailedTests > 0 || numPassedTests === 0) process.exit(1)
