import { ADAPTER_OPTIONS, OPTIONS, type Option } from '../options';

type Options = Readonly<Record<string, Option>>;

/** What stands in each script: who writes it. */
export const HEAD = (shell: string) =>
  `Completion of inspect-io-uring for ${shell}. Written by "node man.mjs" from src/cli/options.ts.`;

/** Words that may stand first, with what they do. */
export const VERBS = {
  dap: 'a debug adapter for any DAP client',
  completions: 'print the completion of a shell',
} as const;

/** The options that may stand behind a verb, or without one. */
export const OPTIONS_OF: Readonly<Record<'' | keyof typeof VERBS, Options>> = {
  '': OPTIONS,
  dap: ADAPTER_OPTIONS,
  completions: { help: OPTIONS.help },
};

/** Options with which a number of this machine's is no answer. */
export const ELSEWHERE = (
  ['host', 'command', 'open', 'root'] as const satisfies (keyof typeof OPTIONS)[]
).map((name) => `--${name}`);

/**
 * For sh: a line for each process that holds an io_uring and whose descriptors the user may see, its PID, a tab and its name.
 * Only links of /proc are read: nothing is started as root, opened or waited for. It holds no single quote.
 */
export const PIDS = [
  String.raw`find /proc/[0-9]*/fd -lname "anon_inode:\[io_uring\]" 2>/dev/null`,
  'cut -d/ -f3',
  'sort -nu',
  'head -n 200',
  String.raw`while read -r pid; do printf "%s\t%s\n" "$pid" "$(tr -cd "[:print:]" <"/proc/$pid/comm")"; done 2>/dev/null`,
].join(' | ');

/** A line for each host of the user's configuration of SSH. The one of $PATH is asked, not what somebody began to type. */
export const HOSTS = 'command inspect-io-uring completions hosts 2>/dev/null';

/** What an option does, in a part of a sentence. */
export function brief({ tells }: Option): string {
  return /^.{20,}?(?=[:;.] | \(|$)/.exec(tells)?.[0] ?? tells;
}

/** `--verbose`, `-v` */
export function spellings(name: string, { short }: Option): readonly string[] {
  return short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`];
}

export function mustHaveValue({ type, optional }: Option): boolean {
  return type === 'string' && optional !== true;
}

/** Spellings of all options that hold this, each once. */
export function having(holds: (option: Option) => boolean): readonly string[] {
  const all = Object.values(OPTIONS_OF).flatMap((options) => Object.entries(options));
  return [...new Set(all.flatMap(([name, option]) => (holds(option) ? spellings(name, option) : [])))];
}
