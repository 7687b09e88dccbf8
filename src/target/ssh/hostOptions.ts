/** What ssh_config and the user say about a host; times in seconds. Files as paths, all tokens replaced. */
export interface HostOptions {
  /** As the user named it. */
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  /** In the order to try; the usual ones where none is configured. */
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** Of CertificateFile; told where they would have been needed. */
  readonly certificateFiles: readonly string[];
  /** Tickets of Kerberos would be shown (GSSAPIAuthentication). */
  readonly gssapi: boolean;
  /** Socket or pipe of the agent; absent = none. */
  readonly agent?: string;
  /** Destinations to go through, the first one first. */
  readonly jumps: readonly string[];
  /** Command whose stdin and stdout are the connection. */
  readonly proxyCommand?: string;
  readonly hostKeyAlias?: string;
  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly strictHostKeyChecking: 'yes' | 'ask' | 'accept-new' | 'no';
  readonly hashKnownHosts: boolean;
  /** Methods of logging in, the preferred one first; only those that are not switched off. */
  readonly methods: readonly AuthMethodName[];
  readonly passwordPrompts: number;
  /** 0 = not configured. */
  readonly serverAliveInterval: number;
  readonly serverAliveCountMax: number;
  readonly connectTimeout?: number;
  /** What of the configuration was not followed and OpenSSH's client follows, in sentences. */
  readonly notes: readonly string[];
}

export type AuthMethodName = 'publickey' | 'keyboard-interactive' | 'password';
