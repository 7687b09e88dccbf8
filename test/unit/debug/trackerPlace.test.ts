import { describe, expect, it } from 'vitest';
import { placeOf } from '../../../src/debug/trackerPlace';

const pipe = (pipeProgram: string, ...pipeArgs: string[]) =>
  placeOf({ pipeTransport: { pipeProgram, pipeArgs } });
const ssh = (alias: string) => ({ elsewhere: { name: alias, way: { kind: 'ssh', alias } } });

describe('where a debuggee runs, by the configuration of its session', () => {
  it('is here where nothing says otherwise', () => {
    expect(placeOf({ type: 'cppdbg', request: 'launch', program: '/srv/server' })).toEqual({});
    expect(placeOf({ type: 'go', request: 'launch', host: 'db1' })).toEqual({});
    expect(placeOf({ type: 'gdb', request: 'attach', target: '/srv/server' })).toEqual({});
  });

  it('is at the end of the ssh that the debugger is started through', () => {
    expect(pipe('/usr/bin/ssh', '-T', 'ci@db1', 'bash -c')).toEqual(ssh('ci@db1'));
    expect(pipe('ssh', '-p', '2222', 'db1')).toEqual({
      elsewhere: {
        name: 'db1',
        way: { kind: 'command', label: 'db1', command: ['ssh', '-p', '2222', 'db1'] },
      },
    });
    expect(placeOf({ pipeTransport: { pipeProgram: 'ssh', pipeArgs: '-q db1' } })).toEqual(ssh('db1'));
    expect(pipe('ssh')).toEqual({ elsewhere: { name: 'ssh' } });
  });

  it('is in the container that it is started in', () => {
    expect(pipe('docker', 'exec', '-i', 'web', 'sh', '-c')).toEqual({
      elsewhere: {
        name: 'docker web',
        way: { kind: 'command', label: 'docker web', command: ['docker', 'exec', '-i', 'web'] },
      },
    });
    expect(pipe('C:\\tools\\pipe.exe', 'x')).toEqual({ elsewhere: { name: 'pipe' } });
  });

  it.each([
    { miDebuggerServerAddress: 'db1:2345' },
    { request: 'attach', target: 'db1:2345' },
    { 'gdb-remote-hostname': 'db1', 'gdb-remote-port': 1 },
    { attachCommands: ['gdb-remote db1:2345'] },
    { initCommands: ['platform select remote-linux', 'platform connect connect://db1:2345'] },
    { request: 'attach', connect: { host: 'db1', port: 5678 } },
    { request: 'attach', mode: 'remote', host: 'db1', port: 2345 },
    { request: 'attach', address: 'db1', port: 9229 },
  ])('is beside the server that the debugger talks with: %j', (configuration) => {
    expect(placeOf(configuration)).toEqual(ssh('db1'));
  });

  it.each([
    { miDebuggerServerAddress: 'localhost:2345' },
    { request: 'attach', target: ':2345' },
    { 'gdb-remote-port': 2345 },
    { request: 'attach', mode: 'remote', port: 2345 },
    { processCreateCommands: ['gdb-remote 127.0.0.1:2345'] },
    { request: 'attach', connect: { host: '127.0.0.1', port: 5678 }, pathMappings: [{}] },
    { request: 'attach', port: 9229, remoteRoot: '/app' },
  ])('is not sure behind a server on the loopback: %j', (configuration) => {
    expect(placeOf(configuration)).toEqual({ unsure: true });
  });

  it('has no way there by a name that would be an option', () => {
    expect(placeOf({ miDebuggerServerAddress: '-oProxyCommand=x:1' })).toEqual({
      elsewhere: { name: '-oProxyCommand=x' },
    });
  });
});
