# Completion of inspect-io-uring for fish. Written by "node man.mjs" from src/cli/options.ts.

# Whether this verb stands first; '' = none does.
function __inspect_io_uring_in
    set -l words (commandline -opc) ''
    if contains -- "$words[2]" dap completions
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
        else if string match -qr '^(--host|--command|--open|--root)(=|$)|^[0-9]' -- $word
            return 1
        else if contains -- $word --trace --save --open --root --host --command --probe --format --diff --metrics --fail-on --port
            set skip yes
        end
    end
end

function __inspect_io_uring_pids
    sh -c 'find /proc/[0-9]*/fd -lname "anon_inode:\\[io_uring\\]" 2>/dev/null | cut -d/ -f3 | sort -nu | head -n 200 | while read -r pid; do printf "%s\\t%s\\n" "$pid" "$(tr -cd "[:print:]" <"/proc/$pid/comm")"; done 2>/dev/null'
end

function __inspect_io_uring_hosts
    echo .
    command inspect-io-uring completions hosts 2>/dev/null
end

complete -c inspect-io-uring -f
complete -c inspect-io-uring -k -n __inspect_io_uring_here -a '(__inspect_io_uring_pids)'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""; and test (count (commandline -opc)) -eq 1' -a dap -d 'a debug adapter for any DAP client'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""; and test (count (commandline -opc)) -eq 1' -a completions -d 'print the completion of a shell'
complete -c inspect-io-uring -n '__inspect_io_uring_in completions' -a 'bash zsh fish'

complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l all -d 'list every process'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l json -d 'print the Sample (or the list) as JSON'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -s v -l verbose -d 'stacks of idle tasks, every descriptor, more of the requests'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l watch -d 'look again every SECONDS until Ctrl-C or the end of the process'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l trace -x -d 'as root: first trace its rings that long'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l save -r -F -d 'also write the Sample to FILE, which must not exist'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l open -r -F -d 'show a saved Sample instead of a live process'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l root -x -a '(__fish_complete_directories)' -d 'read the same files below DIR'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l host -x -a '(__inspect_io_uring_hosts)' -d 'inspect another host by ssh'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l command -x -d 'a host that is reached through a command, which takes sh -c LINE at its end'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l sudo -d 'inspect with the rights of root, there or here, by sudo'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l probe -r -F -d 'use the probe at PATH on the host instead of putting one there'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l keep-probe -d 'leave the probe on the host for the next time'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l no-kernel-memory -d 'read nothing of the kernel\'s own memory'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l no-memory -d 'read no memory of processes but their rings\''
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l no-sources -d 'do not tell where the program\'s threads wait in its source'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l debuginfod -d 'fetch debug information that is not there from the servers of $DEBUGINFOD_URLS'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l format -x -a 'csv stacks chrome-trace metrics traced-csv traced-stacks' -d 'print something else than the report'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l diff -r -F -d 'say what has changed since the Sample in FILE'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l metrics -x -d 'serve numbers for Prometheus'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l fail-on -x -a 'info warning critical armed-polls at-rest cgroup-frozen cq-overflow deadlock error-flood exit-blocked hashed-writes held-back in-debugger inside-device linux-aio loop-blocked lost never-completed no-system-calls not-reaped not-submitted only-timers pending punted re-armed reaped-late ring-lock ring-shared small-batches sqpoll-asleep sqpoll-spins stopped stuck-on-resource submitter-stuck throttled unlisted unserved-socket waits-for-lock waits-for-more waits-for-nothing waits-for-peer waits-unseen worker-crowd workers-exhausted' -d 'exit with 3 when a finding is that severe'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -s h -l help -d 'print the help'
complete -c inspect-io-uring -n '__inspect_io_uring_in ""' -l version -d 'print the version'
complete -c inspect-io-uring -n '__inspect_io_uring_in dap' -l port -x -d 'listen on port N of 127.0.0.1'
complete -c inspect-io-uring -n '__inspect_io_uring_in dap' -l host -x -a '(__inspect_io_uring_hosts)' -d 'where processes are of which a configuration says no "host"'
complete -c inspect-io-uring -n '__inspect_io_uring_in dap' -l command -x -d 'a host that is reached through a command, which takes sh -c LINE at its end'
complete -c inspect-io-uring -n '__inspect_io_uring_in dap' -l sudo -d 'inspect with the rights of root, there or here, by sudo'
complete -c inspect-io-uring -n '__inspect_io_uring_in dap' -l probe -r -F -d 'use the probe at PATH on the host instead of putting one there'
complete -c inspect-io-uring -n '__inspect_io_uring_in dap' -l keep-probe -d 'leave the probe on the host for the next time'
complete -c inspect-io-uring -n '__inspect_io_uring_in dap' -l no-kernel-memory -d 'read nothing of the kernel\'s own memory'
complete -c inspect-io-uring -n '__inspect_io_uring_in dap' -l no-memory -d 'read no memory of processes but their rings\''
complete -c inspect-io-uring -n '__inspect_io_uring_in dap' -l no-sources -d 'do not tell where the program\'s threads wait in its source'
complete -c inspect-io-uring -n '__inspect_io_uring_in dap' -l debuginfod -d 'fetch debug information that is not there from the servers of $DEBUGINFOD_URLS'
complete -c inspect-io-uring -n '__inspect_io_uring_in dap' -s h -l help -d 'print the help'
complete -c inspect-io-uring -n '__inspect_io_uring_in completions' -s h -l help -d 'print the help'
