import { describe, expect, it } from 'vitest';
import { parseCmdline } from '../../../src/procfs/cmdline';
import { parseComm } from '../../../src/procfs/comm';
import { parseSched } from '../../../src/procfs/sched';
import { parseSchedstat } from '../../../src/procfs/schedstat';
import { parseStat } from '../../../src/procfs/stat';
import { parseStatus } from '../../../src/procfs/status';
import { parseWchan } from '../../../src/procfs/wchan';
import { corpusText } from './corpus';

describe('parseStat', () => {
  const rest =
    'S 4062 4061 9127 0 -1 4194560 353 0 0 0 7 9 0 0 20 0 3 0 507294 2359296 451 1 2 3 4 0 0 0 0 6 8 1 0 0 17 1 0 5 0\n';

  it('numbers the fields as proc_pid_stat(5) does', () => {
    expect(parseStat(`4181 (urs) ${rest}`)).toEqual({
      pid: 4181,
      comm: 'urs',
      state: 'S',
      ppid: 4062,
      processGroup: 4061,
      flags: 4194560,
      kernelThread: false,
      ioWorker: false,
      threads: 3,
      startTime: 507294,
      userTime: 7,
      systemTime: 9,
      processor: 1,
      policy: 5,
    });
  });

  it.each(['a) R 1 (b', ')', '', 'new\nline', '(((', ') S 1 2 3 4 5 6 7 8 9'])(
    'takes the name %j as it is',
    (comm) => {
      expect(parseStat(`1 (${comm}) ${rest}`)).toMatchObject({ pid: 1, comm, state: 'S', ppid: 4062 });
    },
  );

  it('knows kernel threads and io-wq workers by their flags', () => {
    expect(parseStat(`2 (kthreadd) ${rest.replace('4194560', '2129984')}`)).toMatchObject({
      kernelThread: true,
    });
    expect(parseStat(corpusText('6.18/fuse-worker.stat'))).toMatchObject({
      ioWorker: true,
      comm: 'iou-wrk-5391',
    });
  });

  it.each(['', '1 (x', '1 x S 2', '(x) S 1', `x (y) ${rest}`, '1 (urs) S 4062 4061 9127 0 -1 4194560 353 0'])(
    'does not read %j',
    (text) => {
      expect(parseStat(text)).toBeUndefined();
    },
  );

  it('does not take a start time that was cut off', () => {
    const text = `4181 (urs) ${rest}`;
    expect(parseStat(text.slice(0, text.indexOf('507294') + 3))).toBeUndefined();
  });
});

describe('parseStatus', () => {
  it('reads the fields of 6.18', () => {
    expect(parseStatus(corpusText('6.18/fuse.status'))).toMatchObject({
      name: 'urs',
      state: 'S',
      tracerPid: 0,
      uids: [0, 0, 0, 0],
      gids: [0, 0, 0, 0],
      fdSize: 256,
      threads: 2,
      kernelThread: false,
      capEff: 0x1fffeffffffn,
      cpusAllowedList: '0-1',
      seccomp: 0,
    });
  });

  it('leaves out what 5.10 does not print', () => {
    expect(parseStatus(corpusText('5.10/nfs.status'))).not.toHaveProperty('kernelThread');
  });

  it('undoes the escapes of the name and sees no line in it', () => {
    expect(parseStatus('Name:\ta\\nPid:\\\\t1\nPid:\t7\n')).toEqual({ name: 'a\nPid:\\t1', pid: 7 });
  });

  it('lists the pids of all namespaces', () => {
    expect(parseStatus('NStgid:\t812\t7\nNSpid:\t812\t7\n')).toEqual({ nsTgid: [812, 7], nsPid: [812, 7] });
  });

  it('takes the first of a field, and none that is odd', () => {
    expect(parseStatus('Pid:\t1\nPid:\t2\nTgid:\tx\nUid:\t0\tx\nState:\t\nCapEff:\tzz\n')).toEqual({
      pid: 1,
    });
    expect(parseStatus('')).toEqual({});
  });
});

describe('parseSched', () => {
  it('gives seconds since boot', () => {
    expect(parseSched(corpusText('6.18/sleep.sched'))?.execStart).toBeCloseTo(1790.814613851, 9);
  });

  it('reads nothing from the line that holds the name', () => {
    const rule = '-'.repeat(67);
    const forged = `x\nse.exec_start: (7, #threads: 1)\n${rule}\n`;
    expect(parseSched(forged)).toBeUndefined();
    expect(parseSched(`${forged}se.exec_start      :     1500.250000\nnr_switches   :   12\n`)).toEqual({
      execStart: 1.50025,
      switches: 12,
    });
  });

  it.each(['', 'cat (1, #threads: 1)\n', `\n${'-'.repeat(67)}\nse.exec_start   :   1.2345`])(
    'does not read %j',
    (text) => {
      expect(parseSched(text)).toBeUndefined();
    },
  );
});

describe('parseSchedstat', () => {
  it('gives seconds', () => {
    expect(parseSchedstat('1466520 307497 2\n')).toEqual({
      runTime: 0.00146652,
      waitTime: 0.000307497,
      slices: 2,
    });
  });

  it.each(['', '1 2', '1 2 x', '1 2 3 4'])('does not read %j', (text) => {
    expect(parseSchedstat(text)).toBeUndefined();
  });
});

describe('parseWchan', () => {
  it.each([
    ['io_cqring_wait', 'io_cqring_wait'],
    ['0', undefined],
    ['', undefined],
    ['two words', undefined],
    ['\u001b[31mred', undefined],
  ])('%j is %s', (text, expected) => {
    expect(parseWchan(text)).toBe(expected);
  });
});

describe('parseComm and parseCmdline', () => {
  it('takes one line feed from a name', () => {
    expect(parseComm('bash\n')).toBe('bash');
    expect(parseComm('a\n\n')).toBe('a\n');
    expect(parseComm('')).toBe('');
  });

  it('splits arguments and drops the padding of a rewritten title', () => {
    expect(parseCmdline('fio\0--name=a b\0\0--x\0')).toEqual(['fio', '--name=a b', '', '--x']);
    expect(parseCmdline('nginx: master process\0\0\0\0')).toEqual(['nginx: master process']);
    expect(parseCmdline('no end')).toEqual(['no end']);
    expect(parseCmdline('')).toEqual([]);
  });
});
