import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { activationTests } from './activation.test';
import { badInputTests } from './badInput.test';
import { debuggingTests } from './debugging.test';
import { exportingTests } from './exporting.test';
import { followedTests } from './followed.test';
import { hostTests } from './hosts.test';
import { inspectingTests } from './inspecting.test';
import { kernelSourceTests } from './kernelSource.test';
import { marksTests } from './marks.test';
import { savedSampleTests } from './savedSample.test';
import { runTest } from './suite';
import { tracingTests } from './tracing.test';

// The order counts: the first tests need an extension that nothing has activated.
const tests = [
  ...activationTests,
  ...inspectingTests,
  ...badInputTests,
  ...savedSampleTests,
  ...exportingTests,
  ...kernelSourceTests,
  ...hostTests,
  ...marksTests,
  ...debuggingTests,
  ...followedTests,
  ...tracingTests,
];

/** Called by the editor (extensionTestsPath). Results go, one a line, to a file in the folder STATE names. */
export async function run(): Promise<void> {
  const { STATE: state } = process.env;
  if (!state) throw new Error('STATE is not set: start this with npm run test:vscode');
  let failed = 0;
  for (const test of tests) {
    const result = await runTest(test);
    if (result.outcome === 'fail') failed++;
    appendFileSync(join(state, 'results.jsonl'), `${JSON.stringify(result)}\n`);
  }
  if (failed > 0) throw new Error(`${failed} failed`);
}
