import { spawn } from 'node:child_process';
import { killGroup, toRelease } from '../../real/support/releases';
import { startVictim } from '../../real/support/victim';
import { freeze, ownFileSystem } from '../fileSystems';
import type { Right, Scenario, Stage } from '../scenario';
import { standStill, waiting } from '../stand';

/** A program that waits for a child which holds the other end and is called other-end. */
function peer(name: string, says: readonly RegExp[], needs: Scenario['needs'] = []): Scenario {
  const right: Right = { severity: 'info', says };
  return {
    name: `peer ${name}`,
    needs,
    ...right,
    ordinary: right,
    stage: async (stage) => {
      const { pid } = await startVictim(stage, stage.who, 'peers', [name], { busy: true });
      await standStill();
      return pid;
    },
  };
}

const OTHER_END = /whose other end is other-end \(\d+\)/;
const BACKLOG =
  /its listener other-end \(\d+\) has 2 connections waiting to be accepted, all that its backlog of 1/;
const NOT_ACCEPTED = /which other-end \(\d+\) has not accepted/;

/** Keeps the root directory of a mount open, as whoever freezes it by hand may. */
function keepsOpen({ onTestFinished }: Stage, directory: string): void {
  const child = spawn('sh', ['-c', 'exec 3<. sleep 300'], {
    cwd: directory,
    detached: true,
    stdio: 'ignore',
  });
  onTestFinished(toRelease(() => killGroup(child.pid ?? 0)));
}

const FROZEN: Scenario = {
  name: 'peer who froze the file system',
  needs: ['loop', 'freeze', 'kernelMemory'],
  severity: 'critical',
  says: [/frozen \(by a program, with FIFREEZE/, /sleep \(\d+\) may have/],
  stage: async (stage) => {
    const own = ownFileSystem(stage, 'ext4');
    keepsOpen(stage, own.directory);
    freeze(own);
    return waiting(stage, ['file-write', own.file], 1);
  },
};

/** Each names the process at the other end, and what of it shows that it does not act. */
export const PEERS: readonly Scenario[] = [
  peer('pipe-read', [/data in the pipe at descriptor \d+, whose writer is other-end \(\d+\)/]),
  peer('pipe-full', [/room in the full pipe at descriptor \d+, whose reader is other-end \(\d+\)/]),
  peer('fifo-read', [/data in the FIFO \/\S+\/a fifo, whose writer is other-end \(\d+\)/]),
  peer('fifo-full', [/room in the full FIFO \/\S+\/a fifo, whose reader is other-end \(\d+\)/]),
  peer('fifo-open', [
    /other end of the FIFO \/\S+\/a fifo: this one opens it to write, and nobody has it open to read/,
  ]),
  peer('unix-read', [/data on the unix socket at descriptor \d+/, OTHER_END]),
  peer('unix-full', [
    /room on the unix socket at descriptor \d+/,
    OTHER_END,
    /[\d,]+ bytes are unread there/,
  ]),
  peer('unix-server', [/unix socket at descriptor \d+ → server\.sock/, OTHER_END]),
  peer('unix-unaccepted', [/unix socket at descriptor \d+/, NOT_ACCEPTED]),
  peer('unix-connect', [/to be connected to the unix socket server\.sock/, BACKLOG]),
  peer('unix-send', [
    /room on the unix socket at descriptor \d+ → server\.sock/,
    OTHER_END,
    /datagrams are unread there/,
  ]),
  peer('unix-sendto', [
    /room on the unix socket at descriptor \d+ → server\.sock/,
    OTHER_END,
    /datagrams are unread there/,
  ]),
  peer('tcp-read', [/data on TCP 127\.\S+ → 127\.\S+/, OTHER_END, /ESTABLISHED.*nothing received for/]),
  peer('tcp-poll', [/waits in poll for TCP 127\.\S+ → 127\.\S+/, OTHER_END, /nothing received for/]),
  peer('tcp-full', [/room on TCP 127\.\S+ → 127\.\S+/, OTHER_END, /[\d,]+ bytes are unread there/]),
  peer('tcp-unaccepted', [/data on TCP 127\.\S+ → 127\.\S+/, NOT_ACCEPTED]),
  peer('tcp-connect', [/to be connected to TCP 127\.\S+ → 127\.\S+/, BACKLOG, /SYN_SENT.*retransmit/]),
  peer('mqueue', [/message queue \/inspect-\d+, which other-end \(\d+\) has open, too/]),
  peer('terminal', [/the terminal \/dev\/pts\/\d+/, OTHER_END]),
  peer('ring-unix', [/recv waits .* on the unix socket at descriptor \d+/, OTHER_END], ['ioUring']),
  peer('ring-tcp', [/recv waits .* on TCP 127\.\S+ → 127\.\S+/, OTHER_END], ['ioUring']),
  peer('ring-unaccepted', [/recv waits .* on the unix socket at descriptor \d+/, NOT_ACCEPTED], ['ioUring']),
  FROZEN,
];
