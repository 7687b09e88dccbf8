import { SHELLS } from '../options';
import { ELSEWHERE, HEAD, HOSTS, having, mustHaveValue, OPTIONS_OF, PIDS, spellings, VERBS } from './shared';

/** The script that bash sources. Words are compared one by one: `compgen -W` would run what stands in them. */
export function bashCompletion(): string {
  return `# ${HEAD('bash')}
# shellcheck shell=bash

_inspect_io_uring() {
  local cur=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  local at word words='' verb='' pid='' elsewhere='' given=' ' equals='' prefix=''
  COMPREPLY=()

  # "--format=csv" is three words, unless COMP_WORDBREAKS says otherwise.
  if [[ $cur == = ]]; then
    cur='' equals=yes
  elif [[ $before == = ]]; then
    before=\${COMP_WORDS[COMP_CWORD-2]} equals=yes
  elif [[ $cur == --*=* ]]; then
    before=\${cur%%=*} prefix=\${cur%%=*}= cur=\${cur#*=} equals=yes
  fi

  # Behind the first part of "user@host:22" or "0.0.0.0:9100" nothing is known.
  [[ $cur == [:@] || $before == [:@] ]] && return

  if ((COMP_CWORD > 1)); then
    case \${COMP_WORDS[1]} in ${Object.keys(VERBS).join(' | ')}) verb=\${COMP_WORDS[1]} ;; esac
  fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    given+="$word "
    case $word in ${ELSEWHERE.flatMap((name) => [name, `${name}=*`]).join(' | ')}) elsewhere=yes ;; esac
    [[ \${COMP_WORDS[at-1]} == [:@] ]] && continue
    if [[ \${COMP_WORDS[at+1]-} == = ]]; then
      ((at += 2))
      continue
    fi
    case $word in
      ${having(mustHaveValue).join(' | ')}) ((at++)) ;;
      [0-9]*) pid=$word ;;
    esac
  done

  case $before in
${valueCases()}
    ${having(({ optional }) => optional === true).join(' | ')}) [[ -n $equals ]] && return ;;
  esac

  if [[ -z $words ]]; then
    case $verb$cur in
${optionCases()}
      completions*) [[ $before == completions ]] && words='${SHELLS.join(' ')}' ;;
      dap*) ;;
      *)
        ((COMP_CWORD == 1)) && words='${Object.keys(VERBS).join(' ')}'
        [[ -z $pid$elsewhere ]] && words+=" $(sh -c '${PIDS}' | cut -f1)"
        ;;
    esac
  fi

  while read -r word; do
    [[ $word == "$cur"* && -n $word ]] || continue
    case $word in ${having(({ multiple }) => multiple === true).join(' | ')}) ;; -*) [[ $given == *" $word "* ]] && continue ;; esac
    COMPREPLY+=("$prefix$word")
  done <<<"\${words// /$'\\n'}"
}

_inspect_io_uring_paths() {
  local path
  compopt -o filenames 2>/dev/null
  while IFS= read -r path; do
    COMPREPLY+=("$prefix$path")
  done < <(compgen "$1" -- "$cur")
}

complete -F _inspect_io_uring inspect-io-uring
`;
}

/** What stands behind an option that has a value. */
function valueCases(): string {
  const cases: [readonly string[], string][] = [
    [having(({ offers }) => offers === 'file'), '_inspect_io_uring_paths -f; return'],
    [having(({ offers }) => offers === 'directory'), '_inspect_io_uring_paths -d; return'],
    [having(({ offers }) => offers === 'host'), `words=". $(${HOSTS})"`],
    ...Object.entries(OPTIONS_OF['']).flatMap(([name, option]): [readonly string[], string][] =>
      Array.isArray(option.offers) ? [[spellings(name, option), `words='${option.offers.join(' ')}'`]] : [],
    ),
    [having((option) => mustHaveValue(option) && option.offers === undefined), 'return'],
  ];
  return cases.map(([names, then]) => `    ${names.join(' | ')}) ${then} ;;`).join('\n');
}

function optionCases(): string {
  return Object.entries(OPTIONS_OF)
    .reverse()
    .map(([verb, options]) => {
      const words = Object.entries(options).flatMap(([name, option]) => spellings(name, option));
      return `      ${verb}-*) words='${words.join(' ')}' ;;`;
    })
    .join('\n');
}
