import { type Fields, idOf, textOf } from './trackerMessage';

/** What is known of a session before its first message. */
export interface SessionFacts {
  readonly type: string;
  readonly name: string;
  readonly configuration: Fields;
}

/** The process that a configuration names: that to attach to, or the child that debugpy has announced. */
export function configuredPid({ configuration }: SessionFacts): number | undefined {
  const { request, subProcessId, processId, pid } = configuration as {
    readonly request?: unknown;
    readonly subProcessId?: unknown;
    readonly processId?: unknown;
    readonly pid?: unknown;
  };
  if (request !== 'attach') return undefined;
  return idOf(subProcessId) ?? idOf(processId) ?? idOf(pid);
}

const JAVASCRIPT = /^(pwa-)?(node|node-terminal|extensionHost)$/;

/** js-debug names the session of each Node process `server.js [4242]`, and tells its pid nowhere else. */
export function namedPid({ type, name, configuration }: SessionFacts): number | undefined {
  if (!JAVASCRIPT.test(type) || configuration['__pendingTargetId'] === undefined) return undefined;
  return idOf(/\[(\d+)\]$/.exec(name)?.[1]);
}

/** CodeLLDB sends no `process` event, but says it on the console; what the program itself prints is of another category. */
export function toldPid(output: Fields): number | undefined {
  const category = textOf(output['category']) ?? 'console';
  if (category !== 'console') return undefined;
  return idOf(/^(?:Launched|Attached to) process (\d+)\b/.exec(textOf(output['output']) ?? '')?.[1]);
}

/** Debuggers whose thread ids are the kernel's. */
const BY_TID = /^(cppdbg|lldb|lldb-dap|lldb-vscode)$/;

/** Tids that the threads of a session have: by their ids, or in their names (`(Thread 12)` of delve, `(LWP 12)` of gdb). */
export function tidsOf(type: string, threads: ReadonlyMap<number, string>): readonly number[] {
  return [...threads].flatMap(([id, name]) => tidNamed(name) ?? (BY_TID.test(type) ? (idOf(id) ?? []) : []));
}

export function tidNamed(name: string): number | undefined {
  return idOf(/\((?:Thread|LWP) (\d+)\)/.exec(name)?.[1]);
}
