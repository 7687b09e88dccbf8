/**
 * A line that starts a POSIX shell which reads a script from stdin up to `#END` and runs it; stdin is the script's own from
 * there on. One line without `!`, newline or a backslash before a quote, so that fish and csh take it as every POSIX shell does.
 * `read` takes no byte beyond its line (POSIX), and a script that is cut off is not run.
 */
export const SCRIPT_READER = [
  `exec sh -c 's=; n=$(printf "\\012."); n=\${n%.}; while IFS= read -r l; do case "$l" in`,
  `"#END") eval "$s"; exit;; esac; s="$s$l$n"; done'`,
].join(' ');

/** What SCRIPT_READER is given to run `script`. Texts of others stand in it as `quote` gives them. */
export function scriptInput(script: string): string {
  return `${script}\n#END\n`;
}

/** One word of a script that SCRIPT_READER runs. A newline is its variable `n`: no text can end the script. Throws on NUL. */
export function quote(text: string): string {
  if (text.includes('\0')) throw new TypeError('A word of a shell cannot hold NUL.');
  return text
    .split('\n')
    .map((line) => `'${line.replaceAll("'", "'\\''")}'`)
    .join('"$n"');
}
