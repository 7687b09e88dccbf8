import { spawnSync } from 'node:child_process';

/** Writes each thread's frames as hexadecimal numbers, innermost first, without those that are no frames of the machine. */
const SCRIPT = `
import gdb
for thread in gdb.selected_inferior().threads():
    thread.switch()
    frame = gdb.newest_frame()
    line = []
    while frame is not None and len(line) < 300:
        if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
            line.append('%x' % frame.pc())
        try:
            frame = frame.older()
        except gdb.error:
            break
    print('STACK %d %s' % (thread.ptid[1], ' '.join(line)))
`;

/** Program counters by thread as gdb finds them, innermost first. It stops the process for a moment: only for programs of tests. */
export function gdbStacks(pid: number): Map<number, number[]> {
  const settings = [
    'pagination off',
    'backtrace past-main on',
    'backtrace past-entry on',
    'debuginfod enabled off',
  ];
  const { stdout } = spawnSync(
    'gdb',
    [
      '-nx',
      '-batch',
      ...settings.flatMap((setting) => ['-ex', `set ${setting}`]),
      '-p',
      String(pid),
      '-ex',
      `python exec(${JSON.stringify(SCRIPT)})`,
    ],
    { encoding: 'utf8', timeout: 60_000, maxBuffer: 64 << 20 },
  );
  const stacks = new Map<number, number[]>();
  for (const [, tid, frames = ''] of stdout.matchAll(/^STACK (\d+) (.*)$/gm))
    stacks.set(
      Number(tid),
      frames.split(' ').map((word) => Number.parseInt(word, 16)),
    );
  return stacks;
}
