import { cpuNumbers } from '../procfs/cpuList';
import type { Target } from '../target/target';
import { symbolsIn } from './memoryMap';
import type { Reader, Way } from './reader';

/** By processor: what is to be added to the address of a variable that each processor has of its own. */
export type ProcessorOffsets = ReadonlyMap<number, bigint>;

const MOST_PROCESSORS = 8192;
const MOST_SYMBOLS = 16 << 20;
const DEADLINE = 5000;
const POSSIBLE = '/sys/devices/system/cpu/possible';
/** The kernel's own table (mm/percpu.c, and each architecture's). */
const TABLE = '__per_cpu_offset';

/** They do not change while the machine runs. */
const known = new WeakMap<NonNullable<Target['kernel']>, ProcessorOffsets>();

/**
 * Of all processors there may be. By way of the run queues of `task`, or from the table the kernel's symbols name;
 * undefined where neither tells.
 */
export async function processorOffsets(
  reader: Reader,
  target: Target,
  task: bigint,
): Promise<ProcessorOffsets | undefined> {
  const { kernel } = target.origin ?? target;
  const before = kernel && known.get(kernel);
  if (before) return before;
  const [file] = await target.read([POSSIBLE]);
  const processors = file?.ok ? cpuNumbers(file.data.toString('latin1'), MOST_PROCESSORS) : [];
  if (processors.length === 0) return undefined;
  const found = (await byRunQueues(reader, task, processors)) ?? (await bySymbol(reader, target, processors));
  if (found && kernel) known.set(kernel, found);
  return found;
}

/**
 * The run queue of each processor is one such variable, and another one holds the offset itself (x86). Any two of both must be
 * equally far apart, which proves them.
 */
async function byRunQueues(
  reader: Reader,
  task: bigint,
  processors: readonly number[],
): Promise<ProcessorOffsets | undefined> {
  const { optional, perProcessor } = reader.layout;
  const { taskGroup, groupQueues, queueProcessor, processorNumber } = optional;
  const { runQueue, offset } = perProcessor;
  if (!taskGroup || !groupQueues || !queueProcessor || !processorNumber) return undefined;
  if (runQueue === undefined || offset === undefined) return undefined;
  const length = 8 * (Math.max(...processors) + 1);
  const steps = [taskGroup[0], groupQueues[0]];
  const [group] = await reader.records([{ from: task, steps, last: 0, length }]);
  if (!group) return undefined;
  const queues = await reader.records(
    processors.map(
      (processor): Way => ({
        from: group.data.readBigUInt64LE(8 * processor),
        steps: [queueProcessor[0]],
        last: processorNumber[0],
        length: 4,
      }),
    ),
  );
  const starts = queues.map((queue, index) => {
    if (queue === undefined || queue.data.readUInt32LE(0) !== processors[index]) return undefined;
    return queue.address - BigInt(processorNumber[0]) - BigInt(runQueue);
  });
  const offsets = await reader.structures(
    starts.map((start = 0n) => ({ address: start + BigInt(offset), length: 8 })),
  );
  const found = new Map<number, bigint>();
  const apart = new Set<bigint>();
  for (const [index, processor] of processors.entries()) {
    const start = starts[index];
    const value = offsets[index]?.pointer(WORD);
    if (start === undefined || value === undefined) return undefined;
    apart.add(BigInt.asUintN(64, start - value));
    found.set(processor, value);
  }
  return apart.size === 1 ? found : undefined;
}

const WORD = [0, 8] as const;

async function bySymbol(
  reader: Reader,
  target: Target,
  processors: readonly number[],
): Promise<ProcessorOffsets | undefined> {
  const [symbols] = await target.read(['/proc/kallsyms'], { limit: MOST_SYMBOLS, deadline: DEADLINE });
  const [address] = symbols?.ok ? symbolsIn(symbols.data, [TABLE]) : [];
  if (address === undefined) return undefined;
  const length = 8 * (Math.max(...processors) + 1);
  const [table] = await reader.structures([{ address, length }]);
  if (!table) return undefined;
  return new Map(processors.map((processor) => [processor, table.pointer([8 * processor, 8])]));
}
