import { quote } from './shell';

/** A build of the probe as the script must know it. */
export interface Build {
  /** Names of the machine, as `uname -m` prints them. */
  readonly machines: readonly string[];
  /** Lower-case hex. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

export interface ScriptOptions {
  readonly nonce: string;
  readonly builds: readonly Build[];
  /** Leaves the probe where it is for the next time. */
  readonly keep: boolean;
  /** Options of the probe. */
  readonly args: readonly string[];
}

/** Begins each line that the script says; in the script itself it never stands whole, so that an echo is not mistaken for it. */
export function markerOf(nonce: string): string {
  return `@inspect-${nonce}`;
}

const HOME = `"\${HOME:+$HOME/.cache/io-uring-inspector}"`;
const RUNTIME = `"\${XDG_RUNTIME_DIR:+$XDG_RUNTIME_DIR/io-uring-inspector}"`;
const SHARED = ['/tmp', '/var/tmp', '/dev/shm'].map((place) => `"${place}/io-uring-inspector-$u"`).join(' ');

/** Where a probe is put, the best first. For root only what no user's variable leads to. */
const PASSING = {
  user: `${RUNTIME} ${SHARED} ${HOME}`,
  root: `/run/io-uring-inspector ${SHARED} /var/cache/io-uring-inspector`,
};
const KEPT = {
  user: `${HOME} ${RUNTIME} ${SHARED}`,
  root: `/var/cache/io-uring-inspector /run/io-uring-inspector ${SHARED}`,
};

/** What earlier versions have left goes after a month. */
const KEEP = `mv -f "$t" "./$k" && f=./$k && c=1 && t=
find . -type f -name 'io-uring-probe-*' -mtime +30 -exec rm -f {} + 2>/dev/null`;

function opening(nonce: string, tools: string): string {
  return `m=@inspect-; m="$m"${nonce}
LC_ALL=C; export LC_ALL; umask 077; set -f
trap : HUP INT TERM PIPE
say() { printf '%s\\n' "$m $*"; }
if [ -t 0 ] || [ -t 1 ]; then say terminal; exit 1; fi
for t in ${tools}; do command -v $t >/dev/null 2>&1 || { say tool $t; exit 1; }; done
u=$(id -u)
say host "$u" "$(uname -m)" "$(uname -s)"
[ "$(uname -s)" = Linux ] || exit 1`;
}

/**
 * Finds or asks for the probe and runs it. Says one line each:
 *     host UID MACHINE SYSTEM    terminal    machine    tool NAME
 *     place TROUBLE DIRECTORY    no-place    send DIRECTORY (then the bytes)    damaged    run
 *
 * Everything happens inside the directory, once that is known to be ours alone: what others do to its name is of no
 * concern. What an ended script has left behind (NAME.run.HOST.PID) is removed.
 */
export function uploadScript({ nonce, builds, keep, args }: ScriptOptions): string {
  const cases = builds.map(({ machines, sha256, size }) => `${machines.join('|')}) h=${sha256}; z=${size};;`);
  const words = args.map(quote).join(' ');
  const places = keep ? KEPT : PASSING;
  return `${opening(nonce, 'id uname ls mkdir chmod rm head')}
case $(uname -m) in
${cases.join('\n')}
*) say machine; exit 1;;
esac
sum() {
if command -v sha256sum >/dev/null; then sha256sum <"$1"
elif command -v busybox >/dev/null; then busybox sha256sum <"$1"
elif command -v openssl >/dev/null; then openssl dgst -sha256 -r <"$1"
elif command -v shasum >/dev/null; then shasum -a 256 <"$1"
fi 2>/dev/null | { read -r a b; echo "$a"; }
}
[ "$(sum /dev/null)" = e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ] || { say tool sha256sum; exit 1; }
head -c 1 /dev/zero >/dev/null 2>&1 || { say tool 'head -c'; exit 1; }
no() {
case $e in
*'No space'*|*uota*) say place full "$d";;
*ead-only*) say place readonly "$d";;
*ermission*|*'not permitted'*) say place denied "$d";;
*) say place "$1" "$d";;
esac
return 1
}
drop() { rm -f "$t"; cd /; rmdir "$d" 2>/dev/null; }
k=io-uring-probe-$h
w=$(uname -n)
case $w in */*|'') w=host;; esac
enter() {
d=$1; e=
case $d in /*) ;; *) return 1;; esac
if [ -h "$d" ]; then no link; return 1; fi
e=$(mkdir -p "$d" 2>&1) || { no failed; return 1; }
e=$(cd -P "$d" 2>&1) || { no failed; return 1; }
cd -P "$d" || return 1
e=
set -- $(ls -ldn .)
[ "$3" = "$u" ] || { no foreign; return 1; }
chmod 700 . 2>/dev/null
set -- $(ls -ldn .)
case $1 in drwx--[-S]---*) ;; *) no wide; return 1;; esac
set +f
for f in ./io-uring-probe-*.run."$w".*; do
if [ -f "$f" ]; then kill -0 "\${f##*.}" 2>/dev/null || rm -f "$f"; fi
done
set -f
f=./$k
if [ -f "$f" ] && [ ! -h "$f" ] && [ "$(sum "$f")" = "$h" ]; then t=; c=1; else t=$f.run.$w.$$; c=; f=$t
e=$({ head -c "$z" /dev/zero >"$t"; } 2>&1) || { drop; no failed; return 1; }
e=$({ printf '#!/bin/sh\\n' >"$t" && chmod 700 "$t"; } 2>&1) || { drop; no failed; return 1; }
e=
"$t" 2>/dev/null
if [ $? = 126 ]; then drop; no noexec; return 1; fi
fi
return 0
}
found=
if [ "$u" = 0 ]; then set -- ${places.root}; else set -- ${places.user}; fi
for p in "$@"; do if enter "$p"; then found=1; break; fi; done
[ "$found" ] || { say no-place; exit 1; }
if [ -z "$c" ]; then
say send "$d"
e=$({ head -c "$z" >"$t"; } 2>&1) || { drop; no failed; say no-place; exit 1; }
[ "$(sum "$t")" = "$h" ] || { drop; say damaged; exit 1; }
${keep ? KEEP : ''}
fi
say run
if [ "$c" ]; then exec "$f" ${words}; fi
"$f" ${words}
r=$?
drop
exit $r`;
}

/** How a probe that stands on the host becomes root. */
export interface ElevatedStart {
  /** Put before its path. */
  readonly command: string;
  /** The command itself holds the program to the digest of its rule, as sudo does. */
  readonly digests: boolean;
}

/**
 * Runs a probe that stands there already. Says `host …`, `terminal`, `tool NAME`, `missing` or `run`. With an elevation:
 * `replaceable PATH` where others than root could put another program there and no rule of sudo has its digest, or one allows
 * everything; and `own` in place of `run` where root asks, who needs none.
 */
export function presentScript(
  path: string,
  { nonce, args }: Pick<ScriptOptions, 'nonce' | 'args'>,
  elevation?: ElevatedStart,
): string {
  const words = args.map(quote).join(' ');
  const start = `${opening(nonce, elevation ? 'id uname ls readlink' : 'id uname ls')}
p=${quote(path)}
case $p in /*) ;; *) say missing; exit 1;; esac
if [ ! -f "$p" ] || [ ! -x "$p" ]; then say missing; exit 1; fi`;
  if (elevation === undefined) return `${start}\ncd /\nsay run\nexec "$p" ${words}`;
  return `${start}
p=$(readlink -f "$p")
safe() {
q=$p
while :; do
set -- $(ls -ldn "$q")
case $1 in l*|?????w*|????????w*) return 1;; esac
[ "$3" = 0 ] || return 1
[ "$q" = / ] && return 0
q=\${q%/*}; q=\${q:-/}
done
}
digested() {
sudo -n -l 2>/dev/null | {
r=1
while IFS= read -r a; do
case $a in *' ALL'|*' ALL,'*) exit 1;; *" $p"*) ;; *) continue;; esac
b=\${a%%" $p"*}; a=\${a#*" $p"}
case \${b##* } in sha[235]*:*) ;; *) exit 1;; esac
case $a in ''|' '*|','*) r=0;; *) exit 1;; esac
done
exit $r
}
}
safe || { ${elevation.digests ? '[ "$u" != 0 ] && digested' : 'false'}; } || { say replaceable "$q"; exit 1; }
cd /
if [ "$u" = 0 ]; then say own; exec "$p" ${words}; fi
say run
exec ${elevation.command} "$p" ${words}`;
}
