import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startTrace } from '../../src/inspect/tracing';
import type { Deed } from '../real/support/tracefs';
import type { Machine } from './support/machine';
import { onKernels } from './support/onKernels';
import { startVictim, type Victim } from './support/victim';

/** Has the victim `traced` do something and waits until it has. */
async function deed(machine: Machine, { directory }: Victim, words: string): Promise<Deed> {
  const { output } = await machine.run(
    `cd ${directory} && echo ${words} >go.new && mv go.new go && until [ -e done ]; do usleep 5000; done; cat done; rm done`,
  );
  return JSON.parse(output);
}

onKernels((kernel) => {
  it('what a program does is traced, to the last request', async (context) => {
    const machine = await kernel.machine(context);
    const victim = await startVictim(context, machine, 'traced', [], { busy: true });
    const trace = await startTrace(machine.target, victim.pid);
    await deed(machine, victim, 'nop 100');
    await deed(machine, victim, 'async 10');
    const sleeps = await deed(machine, victim, 'sleep 3 50');
    await deed(machine, victim, 'pipe 4 30');
    await deed(machine, victim, 'fail 5');
    await deed(machine, victim, 'hold 2');
    await sleep(300);
    const { summary } = await trace.stop();
    // 5.10 says nothing of a submit that fails at once.
    const silent = kernel.version === '5.10' ? 5 : 0;
    expect(summary).toMatchObject({ submitted: 124 - silent, completed: 122, pending: 2 });
    expect(summary.unseenSubmits).toBe(silent);
    expect(summary.lost.events).toBe(0);
    const of = (name: string) => summary.operations.filter(({ operation }) => operation === name);
    expect(of('NOP')).toMatchObject([{ completed: 110, punted: 10 }]);
    expect(of('TIMEOUT')).toMatchObject([{ completed: 3, errors: { ETIME: 3 } }]);
    expect(of('TIMEOUT')[0]?.latency?.most).toBeLessThanOrEqual((sleeps.most / 1e9) * 1.01);
    expect(
      of('READ')
        .map(({ completed }) => completed)
        .reduce((sum, one) => sum + one, 0),
    ).toBe(9 - silent);
  });
});
