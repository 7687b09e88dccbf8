/** Replaces `%x` by what stands for x and `%%` by `%`; a token that is not known stays. */
export function replaceTokens(text: string, tokens: Readonly<Record<string, string>>): string {
  return text.replace(/%(.)/gs, (whole, token: string) => (token === '%' ? '%' : (tokens[token] ?? whole)));
}

/** Replaces `${NAME}` by the environment's variable; one that is not set stays (OpenSSH takes that for an error). */
export function replaceVariables(text: string, env: NodeJS.ProcessEnv): string {
  return text.replace(/\$\{(\w+)\}/g, (whole, name: string) => env[name] ?? whole);
}

/** A path of the configuration: `~` is the user's home. */
export function replaceHome(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? home + path.slice(1) : path;
}
