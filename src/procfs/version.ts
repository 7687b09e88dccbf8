export interface Version {
  /** As `uname -r` prints it. */
  readonly release: string;
}

/** /proc/version. */
export function parseVersion(text: string): Version | undefined {
  const release = /^Linux version ([\x21-\x7e]{1,64})(?:\s|$)/.exec(text)?.[1];
  return release === undefined ? undefined : { release };
}
