# Completion of inspect-io-uring for bash. Written by "node man.mjs" from src/cli/options.ts.
# shellcheck shell=bash

_inspect_io_uring() {
  local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  local at word words='' verb='' pid='' elsewhere='' given=' ' equals='' prefix=''
  COMPREPLY=()

  # "--format=csv" is three words, unless COMP_WORDBREAKS says otherwise.
  if [[ $cur == = ]]; then
    cur='' equals=yes
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD-2]} equals=yes
  elif [[ $cur == --*=* ]]; then
    before=${cur%%=*} prefix=${cur%%=*}= cur=${cur#*=} equals=yes
  fi

  # Behind the first part of "user@host:22" or "0.0.0.0:9100" nothing is known.
  [[ $cur == [:@] || $before == [:@] ]] && return

  if ((COMP_CWORD > 1)); then
    case ${COMP_WORDS[1]} in dap | completions) verb=${COMP_WORDS[1]} ;; esac
  fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=${COMP_WORDS[at]}
    given+="$word "
    case $word in --host | --host=* | --command | --command=* | --open | --open=* | --root | --root=*) elsewhere=yes ;; esac
    [[ ${COMP_WORDS[at-1]} == [:@] ]] && continue
    if [[ ${COMP_WORDS[at+1]-} == = ]]; then
      ((at += 2))
      continue
    fi
    case $word in
      --trace | --save | --open | --root | --host | --command | --probe | --format | --diff | --metrics | --fail-on | --port) ((at++)) ;;
      [0-9]*) pid=$word ;;
    esac
  done

  case $before in
    --save | --open | --probe | --diff) _inspect_io_uring_paths -f; return ;;
    --root) _inspect_io_uring_paths -d; return ;;
    --host) words=". $(command inspect-io-uring completions hosts 2>/dev/null)" ;;
    --format) words='csv stacks chrome-trace metrics traced-csv traced-stacks' ;;
    --fail-on) words='info warning critical armed-polls at-rest cgroup-frozen cq-overflow deadlock error-flood exit-blocked hashed-writes held-back in-debugger inside-device linux-aio loop-blocked lost never-completed no-system-calls not-reaped not-submitted only-timers pending punted re-armed reaped-late ring-lock ring-shared small-batches sqpoll-asleep sqpoll-spins stopped stuck-on-resource submitter-stuck throttled unlisted unserved-socket waits-for-lock waits-for-more waits-for-nothing waits-for-peer waits-unseen worker-crowd workers-exhausted' ;;
    --trace | --command | --metrics | --port) return ;;
    --watch) [[ -n $equals ]] && return ;;
  esac

  if [[ -z $words ]]; then
    case $verb$cur in
      completions-*) words='--help -h' ;;
      dap-*) words='--port --host --command --sudo --probe --keep-probe --no-kernel-memory --no-memory --no-sources --debuginfod --help -h' ;;
      -*) words='--all --json --verbose -v --watch --trace --save --open --root --host --command --sudo --probe --keep-probe --no-kernel-memory --no-memory --no-sources --debuginfod --format --diff --metrics --fail-on --help -h --version' ;;
      completions*) [[ $before == completions ]] && words='bash zsh fish' ;;
      dap*) ;;
      *)
        ((COMP_CWORD == 1)) && words='dap completions'
        [[ -z $pid$elsewhere ]] && words+=" $(sh -c 'find /proc/[0-9]*/fd -lname "anon_inode:\[io_uring\]" 2>/dev/null | cut -d/ -f3 | sort -nu | head -n 200 | while read -r pid; do printf "%s\t%s\n" "$pid" "$(tr -cd "[:print:]" <"/proc/$pid/comm")"; done 2>/dev/null' | cut -f1)"
        ;;
    esac
  fi

  while read -r word; do
    [[ $word == "$cur"* && -n $word ]] || continue
    case $word in --host | --command) ;; -*) [[ $given == *" $word "* ]] && continue ;; esac
    COMPREPLY+=("$prefix$word")
  done <<<"${words// /$'\n'}"
}

_inspect_io_uring_paths() {
  local path
  compopt -o filenames 2>/dev/null
  while IFS= read -r path; do
    COMPREPLY+=("$prefix$path")
  done < <(compgen "$1" -- "$cur")
}

complete -F _inspect_io_uring inspect-io-uring
