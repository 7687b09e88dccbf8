import { type Option, SHELLS } from '../options';
import { brief, ELSEWHERE, HEAD, HOSTS, OPTIONS_OF, PIDS, VERBS } from './shared';

/** The function that zsh loads from a folder of its $fpath. */
export function zshCompletion(): string {
  return `#compdef inspect-io-uring
# ${HEAD('zsh')}

_inspect-io-uring() {
  if (( CURRENT > 2 )) && [[ $words[2] == (${Object.keys(VERBS).join('|')}) ]]; then
    local verb=$words[2]
    shift words
    (( CURRENT-- ))
    _inspect-io-uring-$verb
    return
  fi
  _arguments -s -S : \\
${specs(OPTIONS_OF[''])} \\
    '1: :_inspect-io-uring-processes'
}

_inspect-io-uring-dap() {
  _arguments -s -S : \\
${specs(OPTIONS_OF.dap)}
}

_inspect-io-uring-completions() {
  _arguments -s -S : \\
${specs(OPTIONS_OF.completions)} \\
    '1:shell:(${SHELLS.join(' ')})'
}

_inspect-io-uring-processes() {
  local found=1
  local -a verbs pids
  if (( CURRENT == 2 )); then
    verbs=(
${Object.entries(VERBS)
  .map(([verb, tells]) => `      ${quoted(`${verb}:${tells}`)}`)
  .join('\n')}
    )
    _describe -t commands command verbs && found=0
  fi
  if (( ! $words[(I)(${ELSEWHERE.join('|')})(|=*)] )); then
    pids=(\${(f)"$(sh -c '${PIDS}')"})
    pids=(\${pids//:/\\\\:})
    pids=(\${pids/$'\\t'/:})
    _describe -t processes 'process with an io_uring' pids && found=0
  fi
  return found
}

_inspect-io-uring-hosts() {
  local -a hosts
  hosts=(. \${(f)"$(${HOSTS})"})
  _wanted hosts expl host compadd -a hosts
}

_inspect-io-uring "$@"
`;
}

function specs(options: Readonly<Record<string, Option>>): string {
  return Object.entries(options)
    .map(([name, option]) => `    ${spec(name, option)}`)
    .join(' \\\n');
}

/** As _arguments of zshcompsys(1) has it. */
function spec(name: string, option: Option): string {
  const { short, multiple, optional } = option;
  const tells = `[${brief(option).replace(/[\\[\]]/g, '\\$&')}]`;
  if (short !== undefined) return `'(-${short} --${name})'{-${short},--${name}}${quoted(tells)}`;
  const once = multiple ? '*' : '';
  const equals = option.value === undefined ? '' : optional ? '=-' : '=';
  return quoted(`${once}--${name}${equals}${tells}${value(option)}`);
}

function value({ value: word, optional, offers }: Option): string {
  if (word === undefined) return '';
  return `${optional ? '::' : ':'}${word}:${action(offers)}`;
}

function action(offers: Option['offers']): string {
  if (offers === undefined) return ' ';
  if (offers === 'file') return '_files';
  if (offers === 'directory') return '_files -/';
  return offers === 'host' ? '_inspect-io-uring-hosts' : `(${offers.join(' ')})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
