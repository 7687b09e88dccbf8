import { type Option, SHELLS } from '../options';
import { brief, ELSEWHERE, HEAD, HOSTS, having, mustHaveValue, OPTIONS_OF, PIDS, VERBS } from './shared';

/** The script that fish loads from a folder of its $fish_complete_path. */
export function fishCompletion(): string {
  const options = Object.entries(OPTIONS_OF).flatMap(([verb, some]) =>
    Object.entries(some).map(([name, option]) => line(`__inspect_io_uring_in ${verb || '""'}`, name, option)),
  );
  const verbs = Object.entries(VERBS).map(([verb, tells]) => {
    const first = '__inspect_io_uring_in ""; and test (count (commandline -opc)) -eq 1';
    return `complete -c inspect-io-uring -n ${quoted(first)} -a ${verb} -d ${quoted(tells)}`;
  });
  return `# ${HEAD('fish')}

# Whether this verb stands first; '' = none does.
function __inspect_io_uring_in
    set -l words (commandline -opc) ''
    if contains -- "$words[2]" ${Object.keys(VERBS).join(' ')}
        test "$words[2]" = "$argv[1]"
    else
        test -z "$argv[1]"
    end
end

# Whether a process of this machine may be named: none has been yet.
function __inspect_io_uring_here
    __inspect_io_uring_in ''; or return
    set -l skip
    for word in (commandline -opc)
        if set -q skip[1]
            set -e skip[1]
        else if string match -qr '^(${ELSEWHERE.join('|')})(=|$)|^[0-9]' -- $word
            return 1
        else if contains -- $word ${having(mustHaveValue).join(' ')}
            set skip yes
        end
    end
end

function __inspect_io_uring_pids
    sh -c ${quoted(PIDS)}
end

function __inspect_io_uring_hosts
    echo .
    ${HOSTS}
end

complete -c inspect-io-uring -f
complete -c inspect-io-uring -k -n __inspect_io_uring_here -a '(__inspect_io_uring_pids)'
${verbs.join('\n')}
complete -c inspect-io-uring -n '__inspect_io_uring_in completions' -a '${SHELLS.join(' ')}'

${options.join('\n')}
`;
}

function line(condition: string, name: string, option: Option): string {
  const short = option.short === undefined ? '' : ` -s ${option.short}`;
  const start = `complete -c inspect-io-uring -n ${quoted(condition)}${short} -l ${name}`;
  return `${start}${value(option)} -d ${quoted(brief(option))}`;
}

/** fish knows no value that may be left out: it would offer one where the next word is. */
function value({ value: word, optional, offers }: Option): string {
  if (word === undefined || optional) return '';
  if (offers === undefined) return ' -x';
  if (offers === 'file') return ' -r -F';
  if (offers === 'directory') return " -x -a '(__fish_complete_directories)'";
  return offers === 'host' ? " -x -a '(__inspect_io_uring_hosts)'" : ` -x -a ${quoted(offers.join(' '))}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
