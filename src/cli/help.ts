import { EXIT, EXIT_TELLS } from './exitCode';
import { helpRows, OPTIONS, optionRows, SHELLS, wrapped } from './options';

const PID = ['PID', "process to inspect (a thread's number works, too)"] as const;

const exitCodes = Object.entries(EXIT_TELLS).map(
  ([name, tells]) => `${EXIT[name as keyof typeof EXIT]} ${tells}`,
);

export const HELP = `Usage: inspect-io-uring [OPTIONS] [PID]
       inspect-io-uring dap [OPTIONS]     a debug adapter for any DAP client: inspect-io-uring dap --help
       inspect-io-uring completions ${SHELLS.join('|')}     prints what the shell completes it with

Shows what every pending io_uring request of a process is stuck on. It only reads: the process is never stopped.
Without PID it lists the processes that use io_uring or are blocked in I/O, and says of the most suspicious ones of
each host (3 of them; with --fail-on all, up to 50) what they are stuck on, the most stuck first.

${helpRows([PID, ...optionRows(OPTIONS)])}
${wrapped(`Exit codes: ${exitCodes.join(', ')}.`).join('\n')}
Passwords are asked on the terminal alone, never taken from arguments or the environment.
Colours are used on a terminal only; NO_COLOR switches them off.
Kernel stacks and the kernel's own list of requests need root: sudo inspect-io-uring PID, elsewhere --sudo
`;
