/** Processors in a list as the kernel prints it: "0-3,8" → 5; undefined = not such a list. */
export function cpuCount(list: string): number | undefined {
  let count = 0;
  for (const part of list.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!match) return undefined;
    count += Number(match[2] ?? match[1]) - Number(match[1]) + 1;
  }
  return count > 0 ? count : undefined;
}

/** Their numbers, the first `most` of them; empty where it is not such a list. */
export function cpuNumbers(list: string, most: number): number[] {
  const numbers: number[] = [];
  if (cpuCount(list) === undefined) return numbers;
  for (const part of list.trim().split(',')) {
    const [first, last = first] = part.split('-').map(Number);
    for (let cpu = first ?? 0; cpu <= (last ?? 0) && numbers.length < most; cpu++) numbers.push(cpu);
  }
  return numbers;
}
