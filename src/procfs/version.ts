export interface Version {
  /** As `uname -r` prints it. */
  readonly release: string;
  /** The stable version a distribution built it from, where that stands behind: 6.1.115 of Debian's 6.1.0-27-amd64. */
  readonly stable?: string;
}

/** /proc/version. */
export function parseVersion(text: string): Version | undefined {
  const release = /^Linux version ([\x21-\x7e]{1,64})(?:\s|$)/.exec(text)?.[1];
  const stable = / Debian (\d{1,3}\.\d{1,3}\.\d{1,3})-\S{1,32} \(/.exec(text.slice(0, 1024))?.[1];
  return release === undefined ? undefined : { release, ...(stable === undefined ? {} : { stable }) };
}

/** /proc/version_signature, which Ubuntu's kernels have: the stable version is its last word. */
export function parseVersionSignature(text: string): string | undefined {
  return /^Ubuntu \S{1,64} (\d{1,3}\.\d{1,3}\.\d{1,3})\s*$/.exec(text.slice(0, 256))?.[1];
}
