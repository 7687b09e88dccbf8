import { frameMarks, isOwn } from '../explain/userFrames';
import { printable } from '../model/printable';
import type { KernelFrame, Task, UserFrame } from '../model/sample';
import { noFile } from '../source/sourcePaths';
import { type Frame, type Stack, stackOf } from './stack';

/** Characters of a name. */
const NAME = 200;

/** The kernel's frames above those of the program, innermost first; remarks say what is missing. */
export function taskStack(task: Task): Stack {
  const { userStack = [], userStackNote } = task;
  return stackOf([
    ...kernelPart(task),
    ...callPart(task),
    ...userStack.map((user) => userFrame(task, user)),
    ...(userStackNote === undefined ? [] : [remark(task, `its stack ${userStackNote}`)]),
  ]);
}

function kernelPart(task: Task): readonly Frame[] {
  const { kernelStack, state, blockedOn } = task;
  if (kernelStack === undefined) return [remark(task, 'kernel stack not visible: it needs CAP_SYS_ADMIN')];
  if (kernelStack.length === 0)
    return [remark(task, state === 'R' ? 'runs, not inside the kernel' : 'not inside the kernel')];
  const waiting = kernelStack.findIndex(({ function: name }) => name === blockedOn?.function);
  return kernelStack.map((kernel, index) => ({
    name: `${kernelName(kernel)}${index === waiting ? ' ← waits here' : ''}`,
    hint: 'subtle',
    tells: index === Math.max(waiting, 0),
    about: { kind: 'task', task, kernel },
  }));
}

/** As the kernel writes it: `fuse_simple_request+0x115/0x2f0 [fuse]`. */
export function kernelName({ function: name, offset, size, module }: KernelFrame): string {
  const place = `+0x${offset.toString(16)}/0x${size.toString(16)}`;
  return `${printable(name, NAME)}${place}${module === null ? '' : ` [${printable(module, 64)}]`}`;
}

/** Where the kernel begins and the program ends. */
function callPart(task: Task): readonly Frame[] {
  const { kind, syscall, userStack } = task;
  if (syscall) return [remark(task, `system call ${syscall.name ?? syscall.number}`)];
  return kind === 'thread' || userStack
    ? []
    : [remark(task, 'a thread of the kernel: it has no code of the program')];
}

function userFrame(task: Task, user: UserFrame): Frame {
  const { file, line, column, md5 } = user;
  const marks = frameMarks(user);
  const place = {
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
    ...(md5 === undefined ? {} : { md5 }),
  };
  return {
    name: `${printable(user.function, NAME)}${marks.length === 0 ? '' : ` (${marks.join(', ')})`}`,
    hint: isOwn(user) && noFile(file ?? '') === undefined ? 'normal' : 'subtle',
    ...(file === undefined ? {} : { place: { file, ...place } }),
    about: { kind: 'task', task, user },
  };
}

function remark(task: Task, text: string): Frame {
  return { name: `— ${printable(text, 300)} —`, hint: 'label', about: { kind: 'task', task } };
}
