import { join } from 'node:path';
import { ACTORS, actor, actorMissing } from '../real/support/actor';
import { CHECKOUT } from '../real/support/programs';
import { type Outcome, runScenario } from './runScenario';
import { SCENARIOS } from './scenarios';
import { readStacks, stacksOf, writeStacks } from './stacks';

const words = process.argv.slice(2).filter((word) => word !== '--record');
const record = process.argv.includes('--record');
const recorded = join(CHECKOUT, 'test/scoreboard/stacks.txt');
/** Which scenario had a stack first; where only some are staged, those of the others are kept. */
const stacks = new Map<string, string>(words.length === 0 ? [] : keptStacks());
let kernel = '';
const chosen = SCENARIOS.filter(
  ({ name }) => words.length === 0 || words.some((word) => name.startsWith(word)),
);

const totals = { right: 0, judged: 0, alarms: 0, healthy: 0, skipped: 0 };

function keptStacks(): [string, string][] {
  return readStacks(recorded).map(({ scenario, functions }) => [functions.join(' < '), scenario]);
}

function row(mark: string, name: string, who: string, text: string): void {
  console.log(`${mark.padEnd(7)} ${name.padEnd(48)} ${who.padEnd(5)} ${text}`);
}

function tell(name: string, who: string, healthy: boolean, outcome: Outcome): void {
  if ('skipped' in outcome) {
    totals.skipped++;
    row('skipped', name, who, outcome.skipped);
    return;
  }
  totals.judged++;
  if (healthy) totals.healthy++;
  if ('broken' in outcome) {
    row('BROKEN', name, who, outcome.broken);
    return;
  }
  kernel = outcome.sample.host.kernel;
  for (const stack of stacksOf(outcome.sample)) stacks.set(stack, stacks.get(stack) ?? name);
  totals.alarms += outcome.falseAlarms > 0 ? 1 : 0;
  if (outcome.right) totals.right++;
  row(outcome.right ? 'right' : 'WRONG', name, who, outcome.answer);
  if (!outcome.right) row('', '', '', `lacks ${outcome.lacks.join(', ')}`);
}

for (const who of ACTORS) {
  const missing = actorMissing(who);
  for (const scenario of chosen) {
    // What only root can do is said once, not again for the other.
    if (who !== 'root' && scenario.ordinary === undefined) continue;
    const outcome = missing === undefined ? await runScenario(scenario, actor(who)) : { skipped: missing };
    tell(scenario.name, who === 'root' ? 'root' : 'user', scenario.healthy === true, outcome);
  }
}

if (record) {
  const lines = [...stacks].map(([stack, name]) => `${name}: ${stack}`);
  writeStacks(recorded, kernel, lines);
}

const share = totals.judged === 0 ? 0 : Math.floor((100 * totals.right) / totals.judged);
console.log(
  `\n${totals.right} of ${totals.judged} explained rightly (${share} %), ${totals.alarms} false alarms on ` +
    `${totals.healthy} healthy ones, ${totals.skipped} skipped`,
);
process.exitCode = totals.judged > 0 && totals.right === totals.judged && totals.alarms === 0 ? 0 : 1;
