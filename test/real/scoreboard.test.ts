import { describe, expect, it } from 'vitest';
import type { Sample } from '../../src/model/sample';
import { judge } from '../scoreboard/judge';
import { runScenario } from '../scoreboard/runScenario';
import { SCENARIOS } from '../scoreboard/scenarios';
import { actor, actorMissing } from './support/actor';

/** One of each kind; `npm run scoreboard` has them all. */
const SMOKE = [
  'ring workers-exhausted',
  'plain flock',
  'fuse reads',
  'frozen ext4 writes',
  'healthy Node server',
];

describe('the scoreboard', () => {
  it.for(SMOKE)('explains "%s" rightly', async (name, context) => {
    const scenario = SCENARIOS.find((one) => one.name === name);
    expect(scenario).toBeDefined();
    if (scenario === undefined) return;
    const missing = actorMissing('root');
    if (missing !== undefined) context.skip(missing);
    const outcome = await runScenario(scenario, actor('root'));
    if ('skipped' in outcome) context.skip(outcome.skipped);
    expect(outcome).toMatchObject({ right: true, lacks: [], falseAlarms: 0 });
  });

  it('has each scenario under a name of its own', () => {
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
  });

  const sampleWith = (...severities: readonly string[]) =>
    ({
      findings: severities.map((severity) => ({ severity, summary: `a ${severity}`, explanation: '' })),
    }) as unknown as Sample;

  it('takes a wrong severity, missing words and a fault untold for wrong', () => {
    const sample = sampleWith('critical', 'warning');
    expect(judge(sample, { severity: 'critical', says: [/a crit/] }, false).right).toBe(true);
    expect(judge(sample, { severity: 'info', says: [] }, false).right).toBe(false);
    expect(judge(sample, { severity: 'critical', says: [/disk/] }, false).lacks).toEqual(['/disk/']);
    expect(judge(sample, { severity: 'critical', says: [], also: [/a warning/] }, false).right).toBe(false);
    expect(judge(sampleWith(), { severity: 'info', says: [] }, true).right).toBe(false);
  });

  it('counts a finding above info of a healthy process as a false alarm, also behind another', () => {
    expect(judge(sampleWith('info'), { severity: 'info', says: [] }, true)).toMatchObject({ right: true });
    const alarmed = judge(sampleWith('info', 'warning'), { severity: 'info', says: [] }, true);
    expect(alarmed).toMatchObject({ right: false, falseAlarms: 1 });
  });
});
