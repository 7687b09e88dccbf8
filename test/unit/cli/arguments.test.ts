import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../../src/cli/arguments';
import { HELP } from '../../../src/cli/help';
import { OPTIONS } from '../../../src/cli/options';
import { UserError } from '../../../src/model/errors';

describe('the command line', () => {
  it.each([
    [[], {}],
    [['42'], { pid: 42 }],
    [['--json', '42'], { pid: 42, json: true }],
    [['--watch', '42'], { pid: 42, watch: 2, paced: true }],
    [['42', '--watch=0.5'], { pid: 42, watch: 0.5 }],
    [['42', '--trace', '5'], { pid: 42, trace: 5 }],
    [['--save', 'x.json', '42'], { pid: 42, save: 'x.json' }],
    [['--open', 'x.json', '--json'], { open: 'x.json', json: true }],
    [['--root', '/cap', '42'], { root: '/cap', pid: 42 }],
    [['--fail-on', 'warning', '42'], { pid: 42, failOn: 'warning' }],
    [['--fail-on', 'cq-overflow', '42'], { pid: 42, failOn: 'cq-overflow' }],
    [['--format', 'csv', '42'], { pid: 42, format: 'csv' }],
    [['--trace', '2', '--format', 'traced-csv', '42'], { pid: 42, trace: 2, format: 'traced-csv' }],
    [['--diff', 'a.json', '--open', 'b.json'], { diff: 'a.json', open: 'b.json' }],
    [['--metrics', '9100', '42'], { metrics: { address: '127.0.0.1', port: 9100 } }],
    [['--metrics', '0.0.0.0:9100', '42'], { metrics: { address: '0.0.0.0', port: 9100 } }],
    [['--metrics', '[::1]:0', '42'], { metrics: { address: '::1', port: 0 } }],
    [['--fail-on', 'info', '--host', 'a', '--host', 'b'], { failOn: 'info' }],
    [['42'], { kernelMemory: true, processMemory: true }],
    [['--no-kernel-memory', '42'], { pid: 42, kernelMemory: false, processMemory: true }],
    [['--no-memory', '42'], { pid: 42, kernelMemory: true, processMemory: false }],
    [['42'], { sources: true }],
    [['42', '--no-sources'], { sources: false }],
    [['--debuginfod', '42'], { pid: 42, debuginfod: true }],
    [[], { debuginfod: false }],
    [['-v', '-h'], { verbose: true, help: true }],
    [[], { hosts: [{ kind: 'local' }], keepProbe: false }],
    [['--sudo', '42'], { pid: 42, hosts: [{ kind: 'local', sudo: true }] }],
    [
      ['--host', 'a', '--host=deploy@b:22', '--host', '.', '--host', 'a'],
      { hosts: [{ kind: 'ssh', alias: 'a' }, { kind: 'ssh', alias: 'deploy@b:22' }, { kind: 'local' }] },
    ],
    [['--host', 'a', '--sudo', '42'], { pid: 42, hosts: [{ kind: 'ssh', alias: 'a', sudo: true }] }],
    [
      ['--command', 'docker exec -i "my web"'],
      {
        hosts: [
          { kind: 'command', label: 'docker exec -i "my web"', command: ['docker', 'exec', '-i', 'my web'] },
        ],
      },
    ],
    [['--host', 'a', '--probe', '/opt/p', '--keep-probe'], { probe: '/opt/p', keepProbe: true }],
  ])('%j is understood', (args, expected) => {
    expect(parseArguments(args)).toMatchObject(expected);
  });

  it.each([
    [['abc'], 'bad-pid'],
    [['1', '2'], 'usage'],
    [['--nonsense'], 'usage'],
    [['--watch=0', '1'], 'usage'],
    [['--watch=soon', '1'], 'usage'],
    [['--trace=0', '1'], 'usage'],
    [['--trace', '5'], 'usage'],
    [['--trace', '5', '--watch', '1'], 'usage'],
    [['--trace', '5', '--root', 'x', '1'], 'usage'],
    [['--watch', '--save', 'x', '1'], 'usage'],
    [['--save', 'x'], 'usage'],
    [['--watch'], 'usage'],
    [['--watch', '--host', 'a', '--fail-on', 'info'], 'usage'],
    [['--open', 'x', '1'], 'usage'],
    [['--root', 'x', '--watch', '1'], 'usage'],
    [['--fail-on', 'bad', '1'], 'usage'],
    [['--format', 'xml', '1'], 'usage'],
    [['--format', 'csv'], 'usage'],
    [['--format', 'traced-csv', '1'], 'usage'],
    [['--format', 'csv', '--json', '1'], 'usage'],
    [['--diff', 'x', '--watch', '1'], 'usage'],
    [['--metrics', '9100'], 'usage'],
    [['--metrics', '70000', '1'], 'usage'],
    [['--metrics', 'localhost', '1'], 'usage'],
    [['--metrics', '9100', '--root', 'x', '1'], 'usage'],
    [['--json=yes'], 'usage'],
    [['--host', 'a', '--host', 'b', '42'], 'usage'],
    [['--host=-oProxyCommand=x'], 'usage'],
    [['--host', ''], 'usage'],
    [['--command', 'sh "'], 'usage'],
    [['--command', ' '], 'usage'],
    [['--host', 'a', '--root', 'x', '1'], 'usage'],
    [['--sudo', '--open', 'x'], 'usage'],
  ])('%j is refused with what to do', (args, code) => {
    try {
      parseArguments(args);
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      expect(error).toMatchObject({ code });
      expect((error as UserError).remedy).toBeDefined();
      return;
    }
    throw new Error('it was accepted');
  });

  it('explains every option it takes', () => {
    for (const name of Object.keys(OPTIONS)) expect(HELP).toMatch(new RegExp(`^  --${name}[ ,[]`, 'm'));
    expect(HELP.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });
});
