/** What a probe is told not to read, even where it could. */
export interface ProbeOptions {
  /** False: not the kernel's memory. */
  readonly kernelMemory?: boolean;
  /** False: of memory the rings' alone, which `sudo` may grant to whom root's memory is not to be shown. */
  readonly processMemory?: boolean;
}

/** The probe's arguments; a rule of sudo names the same. */
export function probeArguments({ kernelMemory, processMemory }: ProbeOptions): string[] {
  if (processMemory === false) return ['--no-memory'];
  return kernelMemory === false ? ['--no-kernel-memory'] : [];
}
