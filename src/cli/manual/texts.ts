/** Who sees what. */
export const RIGHTS: readonly (readonly [who: string, sees: string])[] = [
  [
    'The user of the process',
    "sees the pending requests from the rings' own memory, with all operands; armed polls and counters; tasks with state and wait channel; files, sockets, pipes, disks. Where a request stands is inferred, and marked as such.",
  ],
  [
    'root',
    "sees the kernel's own lists, too: the exact state, worker and time left of every request (from Linux 5.14 with /sys/kernel/btf/vmlinux), kernel stacks, and traces (--trace). With --sudo the probe is started so, here or on the host; nothing else is.",
  ],
  ['Another user', 'sees tasks and their states. The rest is named under "not visible".'],
  [
    'Passwords',
    'and passphrases are asked on the terminal alone, never taken from arguments or the environment. An unknown key of a host is asked about, a changed one refused.',
  ],
];

/** The variables that are read, with what they do. */
export const ENVIRONMENT: readonly (readonly [name: string, tells: string])[] = [
  [
    'DEBUGINFOD_URLS',
    'Servers of debug information, parted by blanks. They are asked with --debuginfod alone.',
  ],
  [
    'IO_URING_PROBE',
    'Path of the probe that is started on this machine, instead of the one that comes along.',
  ],
  ['NO_COLOR', 'No colours, if it has any value. There are none either where stdout is no terminal.'],
  ['TERM', 'No colours, if it is "dumb".'],
  ['XDG_CACHE_HOME', 'Where the cache is kept, instead of ~/.cache.'],
  ['SSH_AUTH_SOCK', 'The agent that is asked for keys, if the configuration of ssh names none.'],
  ['SHELL', 'Runs a ProxyCommand.'],
  ['PATH', 'Where sudo, ssh and the programs of --command are looked for.'],
  ['USER, USERNAME', 'The name of a user who is not in the user database, for the configuration of ssh.'],
];

export const FILES: readonly (readonly [path: string, tells: string])[] = [
  [
    '~/.ssh/config, /etc/ssh/ssh_config',
    'Hosts, as ssh_config(5) has them, with Include, Match, ProxyJump and ProxyCommand.',
  ],
  ['~/.ssh/known_hosts, /etc/ssh/ssh_known_hosts', 'Keys of hosts.'],
  [
    '~/.cache/io-uring-inspector/',
    "Layouts of kernels' structures, and in debuginfo/ what servers have sent. It may be removed at any time.",
  ],
  ['/run/io-uring-inspector/', 'Where the probe is put that runs through sudo. It goes when the probe ends.'],
  ['/etc/sudoers.d/', 'A rule there allows somebody the probe and nothing else. The README has one.'],
  ['/tmp/perf-PID.map', 'Names of code that is compiled at run time, where the program writes them.'],
];

export const EXAMPLES: readonly (readonly [tells: string, command: string])[] = [
  ['The processes that use io_uring, and what they are stuck on:', 'inspect-io-uring'],
  ['All that can be seen of process 4242:', 'sudo inspect-io-uring 4242'],
  [
    'The same again every two seconds, or every ten:',
    'inspect-io-uring 4242 --watch\ninspect-io-uring 4242 --watch=10',
  ],
  ['Its rings are traced for five seconds first:', 'sudo inspect-io-uring 4242 --trace 5'],
  [
    'What was traced as a table, or as a flame graph of who submitted:',
    'sudo inspect-io-uring 4242 --trace 5 --format traced-csv\nsudo inspect-io-uring 4242 --trace 5 --format traced-stacks',
  ],
  [
    'A Sample is saved and shown elsewhere, and compared with a later one:',
    'inspect-io-uring 4242 --save stuck.json\ninspect-io-uring --open stuck.json\ninspect-io-uring 4242 --diff stuck.json',
  ],
  [
    'A check that exits with 3 if something is stuck on one of these hosts; one for a single finding:',
    'inspect-io-uring --host db1 --host db2 --fail-on critical\ninspect-io-uring 4242 --fail-on cq-overflow',
  ],
  ['A process of another host with the rights of root there:', 'inspect-io-uring --host db1 --sudo 4242'],
  ['A process in a container:', 'inspect-io-uring --command "docker exec -i web" 17'],
  ['Numbers for Prometheus at http://127.0.0.1:9100/metrics:', 'inspect-io-uring 4242 --metrics 9100'],
  ['A debug adapter that listens on a port of 127.0.0.1:', 'inspect-io-uring dap --port 4711'],
  ['Completion in this shell, if that is bash:', 'source <(inspect-io-uring completions bash)'],
];
