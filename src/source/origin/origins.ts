import { printable } from '../../model/printable';
import type { Origin } from '../../model/request';
import type { Demangle } from '../../target/demangler';
import type { Target } from '../../target/target';
import type { Binaries, Place } from '../binaries';
import { Code } from './code';
import { knownObject } from './frameworkObjects';
import { frameworksOf, frameworkWords } from './frameworks';
import { ProcessMemory } from './processMemory';
import { Search } from './search';
import { TaskList } from './taskList';
import { type Candidate, meaningOf } from './userData';

/** Values of user_data looked into in one look. */
const MOST_VALUES = 500;
/** Operations are not numbered as high. */
const MOST_INDEX = 1n << 32n;
/** Looked into at once, so that their reads travel together. */
const AT_ONCE = 50;
/** Processes whose binaries' headers are kept. */
const MOST_PROCESSES = 8;
/** Milliseconds that a process whose memory did not answer is left alone. */
const HUNG_FOR = 30_000;

interface KnownCode {
  readonly functions: Code;
  readonly generation: number;
  frameworks?: ReturnType<typeof frameworksOf>;
  tasks?: TaskList;
}

/** What is kept of a process. */
interface Known {
  readonly memory: ProcessMemory;
  /** Its functions, while the same is mapped. */
  code?: KnownCode;
  /** When it last did not answer. */
  hungAt?: number;
}

/** Tells which code requests belong to, by what their user_data leads to in the process's memory. */
export class Origins {
  private readonly processes = new Map<number, Known>();

  constructor(
    private readonly target: Target,
    private readonly binaries: Binaries,
  ) {}

  /** By user_data; of those nothing was recognised of none. Never rejects for what lies in the memory; nothing is said of a process that does not answer. Rejects when `signal` says so. */
  async of(
    place: Place,
    userData: Iterable<string>,
    signal?: AbortSignal,
  ): Promise<Map<string, readonly Origin[]>> {
    const found = new Map<string, readonly Origin[]>();
    const numbers: string[] = [];
    const pointers: { readonly value: string; readonly candidates: readonly Candidate[] }[] = [];
    for (const value of new Set(userData)) {
      const meaning = meaningOf(value);
      if (meaning.kind === 'number') {
        numbers.push(value);
        found.set(value, [{ kind: 'number', function: meaning.words }]);
      } else if (meaning.kind === 'address' && pointers.length < MOST_VALUES)
        pointers.push({ value, candidates: meaning.candidates });
    }
    if (numbers.length + pointers.length === 0 || this.target.arch !== 'x86_64') return found;
    const process = this.process(place.pid);
    if (process.hungAt !== undefined && Date.now() - process.hungAt < HUNG_FOR) return found;
    const { memory } = process;
    if (!(await memory.open())) return found;
    const code = this.codeOf(process, place);
    for (const { value, candidates } of pointers)
      if (!isMapped(memory, candidates)) {
        numbers.push(value);
        found.set(value, [{ kind: 'number', function: OPAQUE }]);
      }
    const open = pointers.filter(({ value }) => !found.has(value));
    code.frameworks ??= frameworksOf(code.functions);
    const frameworks = await code.frameworks;
    const shapes = frameworks.flatMap(({ objects }) => objects ?? []);
    for (let at = 0; at < open.length && !memory.isSpent && !signal?.aborted; at += AT_ONCE)
      await Promise.all(
        open.slice(at, at + AT_ONCE).map(async ({ value, candidates }) => {
          const origins =
            (await knownObject(code.functions, candidates, shapes)) ??
            (await new Search(code.functions).of(candidates));
          const { demangle } = this.binaries;
          if (origins.length > 0)
            found.set(value, await Promise.all(origins.map((origin) => shown(origin, demangle))));
        }),
      );
    for (const value of numbers) {
      const words = frameworkWords(value, frameworks);
      if (words !== undefined) found.set(value, [{ kind: 'number', function: words }]);
    }
    if (frameworks.some(({ hasTasks }) => hasTasks)) await this.withTasks(found, numbers, code);
    memory.close();
    code.functions.trim();
    // What was not found then may be there when there is time.
    if (memory.isSpent) delete process.code;
    if (memory.hangs) process.hungAt = Date.now();
    signal?.throwIfAborted();
    return found;
  }

  /** Numbers that Rust's tasks wait for lead to them; of others may be said whose they could be. */
  private async withTasks(
    found: Map<string, readonly Origin[]>,
    numbers: readonly string[],
    code: KnownCode,
  ): Promise<void> {
    const indexes = numbers.filter((value) => BigInt(value) < MOST_INDEX);
    if (indexes.length === 0 || code.functions.memory.isSpent) return;
    code.tasks ??= new TaskList(code.functions);
    for (const [value, { origins, words }] of await code.tasks.of(indexes)) {
      const [number] = found.get(value) ?? [];
      if (origins.length > 0)
        found.set(value, await Promise.all(origins.map((one) => shown(one, this.binaries.demangle))));
      else if (number?.kind === 'number' && words !== undefined)
        found.set(value, [{ ...number, function: printable(`${number.function}; ${words}`) }]);
    }
  }

  close(): void {
    this.processes.clear();
  }

  private codeOf(process: Known, place: Place): KnownCode {
    const { memory } = process;
    if (process.code?.generation !== memory.generation)
      process.code = {
        functions: new Code(memory, this.binaries, place),
        generation: memory.generation,
      };
    return process.code;
  }

  private process(pid: number): Known {
    const process: Known = this.processes.get(pid) ?? { memory: new ProcessMemory(this.target, pid) };
    this.processes.delete(pid);
    this.processes.set(pid, process);
    const [oldest] = this.processes.keys();
    if (this.processes.size > MOST_PROCESSES && oldest !== undefined) this.processes.delete(oldest);
    return process;
  }
}

const OPAQUE = 'an identifier of its own, not an address of its memory';

function isMapped(memory: ProcessMemory, candidates: readonly Candidate[]): boolean {
  return candidates.some(({ address }) => memory.region(address) !== undefined);
}

async function shown(origin: Origin, demangle: Demangle | undefined): Promise<Origin> {
  const { function: name, file, ...rest } = origin;
  // Of a class only the symbol of its type information may be known.
  const known = (await demangle?.(name))?.replace(/^typeinfo for /, '') ?? name;
  return { ...rest, function: printable(known), ...(file === undefined ? {} : { file: printable(file) }) };
}
