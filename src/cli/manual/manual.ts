import { TAGS } from '../../explain/pages';
import { SCRIPTS } from '../completions/scripts';
import { VERBS } from '../completions/shared';
import { EXIT, EXIT_TELLS } from '../exitCode';
import { ADAPTER_OPTIONS, OPTIONS, type Option, SHELLS, spelled } from '../options';
import { examples, listed, listedNames, marked, paragraph, section } from './roff';
import { ENVIRONMENT, EXAMPLES, FILES, RIGHTS } from './texts';

export interface Facts {
  readonly version: string;
  /** Titles of the pages of findings, by tag. */
  readonly titles: Readonly<Record<string, string>>;
}

/** What is written from the table of options, by its path below the checkout. */
export function documents(facts: Facts): ReadonlyMap<string, string> {
  return new Map([
    ['man/inspect-io-uring.1', manual(facts)],
    ...Object.values(SCRIPTS).map(({ file, text }): [string, string] => [`completions/${file}`, text()]),
  ]);
}

/** The page of man(1), in the macros of man(7). */
function manual({ version, titles }: Facts): string {
  const codes = Object.entries(EXIT_TELLS).map(([name, tells]): [string, string] => [
    String(EXIT[name as keyof typeof EXIT]),
    `${sentence(tells)}.`,
  ]);
  const findings = TAGS.map((tag): [string, string] => {
    const title = titles[tag];
    if (title === undefined) throw new Error(`media/findings/${tag}.md has no title`);
    return [tag, `${title}.`];
  });
  return [
    String.raw`.\" Written by "node man.mjs" from src/cli/options.ts and src/cli/manual.`,
    `.TH INSPECT-IO-URING 1 "" "io_uring Inspector ${version}" "User Commands"`,
    section('NAME', 'inspect\\-io\\-uring \\- show what pending io_uring requests are stuck on\n'),
    section('SYNOPSIS', synopsis()),
    section(
      'DESCRIPTION',
      paragraph(
        'Tells what every pending request of an io_uring is stuck on: what is pending, what blocks it in the kernel, and who must act. Blocked system calls and the older Linux AIO are told as well. It only reads: the process is never stopped or changed.',
      ),
      paragraph(
        'With PID, which may be the number of a thread, the answer comes first and what proves it below: rings with their requests, tasks with their stacks, descriptors, and what could not be seen and why.',
      ),
      paragraph(
        'Without PID the processes that use io_uring or are blocked in I/O are listed, the most stuck first. Of each host the three most suspicious ones are looked at, with --fail-on all, up to 50. With --json that is an array of rows; those that were looked at have "findings", or say in "failure" why not.',
      ),
    ),
    section(
      'COMMANDS',
      listedNames([
        [
          'dap',
          `${sentence(VERBS.dap)}, on stdin and stdout. Nobody is asked for passwords: a debug adapter has no terminal.`,
        ],
        [
          'completions',
          `${sentence(VERBS.completions)}: ${SHELLS.join(', ')}. It offers options, their values, hosts of the configuration of ssh, and the PIDs of processes that hold an io_uring, as far as the user may see them. With "hosts" it prints the names of these hosts.`,
        ],
      ]),
    ),
    section('OPTIONS', options(OPTIONS)),
    section('OPTIONS OF DAP', options(ADAPTER_OPTIONS)),
    section(
      'FINDINGS',
      paragraph(
        'The names that --fail-on takes beside severities, each of which has a page below media/findings:',
      ),
      listedNames(findings),
    ),
    section('RIGHTS', listed(RIGHTS)),
    section('EXIT STATUS', listedNames(codes)),
    section('ENVIRONMENT', listedNames(ENVIRONMENT)),
    section('FILES', listed(FILES)),
    section('EXAMPLES', examples(EXAMPLES)),
    section(
      'SEE ALSO',
      '.BR io_uring (7),\n.BR proc (5),\n.BR ssh_config (5),\n.BR sudoers (5),\n.BR debuginfod (8),\n.BR perf (1)\n',
    ),
  ]
    .join('\n')
    .replace(/\n{2,}/g, '\n');
}

function synopsis(): string {
  const of = (...rest: readonly string[]) => `.B inspect\\-io\\-uring\n${rest.join('\n')}\n`;
  return [
    of(marked('[OPTIONS] [PID]')),
    of('.RI "\\fBdap\\fR [" OPTIONS ]'),
    of(`.BR "completions " ${SHELLS.join('|')}`),
  ].join('.br\n');
}

function options(some: Readonly<Record<string, Option>>): string {
  return listed(
    Object.entries(some).map(([name, option]) => [spelled(name, option), `${sentence(option.tells)}.`]),
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
