/** A latency as people read it, three digits: `940 ns`, `1.2 ms`. */
export function latencyText(seconds: number): string {
  if (seconds === 0) return '0';
  const units: readonly (readonly [number, string])[] = [
    [1, 's'],
    [1e-3, 'ms'],
    [1e-6, 'µs'],
  ];
  for (const [size, unit] of units)
    if (seconds >= size * 0.9995) return `${Number((seconds / size).toPrecision(3))} ${unit}`;
  return `${Math.round(seconds * 1e9)} ns`;
}
