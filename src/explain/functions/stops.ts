import type { KernelFunction } from './entry';

const THAW = 'Thaw it: echo 0 > cgroup.freeze of its cgroup (docker unpause, systemctl thaw).';

/** Tasks that are held: frozen or stopped. */
export const STOPS: readonly KernelFunction[] = [
  {
    names: ['__refrigerator'],
    subsystem: 'freezer',
    text: 'is frozen with its cgroup (or with the whole system for a suspend)',
    wake: 'uninterruptible',
    cause: 'stopped',
    advice: 'Thaw it: echo THAWED > freezer.state of its cgroup (docker unpause).',
    rank: 'specific',
    seen: true,
  },
  {
    names: ['do_freezer_trap', 'cgroup_enter_frozen'],
    subsystem: 'cgroup freezer',
    text: 'is frozen with its cgroup',
    wake: 'killable',
    cause: 'stopped',
    advice: THAW,
    rank: 'specific',
    seen: false,
  },
  {
    // do_freezer_trap is inlined into it in many kernels (seen in 6.18); stops have a state of their own.
    names: ['get_signal'],
    innermost: true,
    subsystem: 'cgroup freezer',
    text: 'is frozen with its cgroup',
    wake: 'killable',
    cause: 'stopped',
    advice: THAW,
    rank: 'specific',
    seen: true,
  },
  {
    names: ['ptrace_stop', 'ptrace_do_notify', 'do_signal_stop', 'do_jobctl_trap'],
    subsystem: 'stop',
    text: 'is stopped by a signal or by a debugger',
    wake: 'uninterruptible',
    cause: 'stopped',
    advice: 'Continue it: kill -CONT PID, or in the debugger.',
    rank: 'specific',
    seen: true,
  },
];
