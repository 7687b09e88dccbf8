import { readFile, stat } from 'node:fs/promises';
import type { BaseAgent, ParsedKey, Signed, SignOptions } from 'ssh2';
import { printable } from '../../model/printable';
import type { Asker } from '../remoteHost';
import { Verdict } from '../verdict';
import type { HostOptions } from './hostOptions';
import type { Library } from './loadLibrary';
import { publicLine, publicPart, unlock } from './privateKey';

/** Milliseconds an agent has to list its keys. */
const AGENT_PATIENCE = 5_000;
/** Milliseconds an agent has to sign: it may ask the user, or for a touch. */
const SIGNING = 60_000;
const PASSPHRASES = 3;
/** Keys that are offered to a server at the most; OpenSSH's servers take 6. */
const MOST_FROM_AGENT = 20;
/** Bytes of a key's file. */
const MOST_BYTES = 1 << 20;

/** A key that can be offered to a server. */
export interface Offer {
  /** "the key /home/u/.ssh/id_ed25519". */
  readonly label: string;
  readonly agent: BaseAgent;
  /** Why it was not used though the server takes it, once that is known. */
  failure?: string;
  /** The server took the key and has a signature by it. */
  signed?: boolean;
}

interface IdentityFile {
  readonly path: string;
  readonly publicKey?: Buffer;
  /** Text of the private key, where there is one. */
  readonly text?: string;
}

/** The keys to offer, as OpenSSH orders them: those of the agent that are configured, the agent's others, files. */
export class Identities {
  constructor(
    private readonly options: HostOptions,
    private readonly asker: Asker,
    private readonly library: Library,
    private readonly log: (line: string) => void,
    /** Lets the deadline of the login stand still meanwhile. */
    private readonly hold: <T>(work: () => Promise<T>) => Promise<T>,
  ) {}

  async *offers(): AsyncGenerator<Offer> {
    const files = await Promise.all(this.options.identityFiles.map((path) => this.read(path)));
    const agent = await this.agentKeys();
    const configured = (key: ParsedKey) =>
      files.findIndex(({ publicKey }) => publicKey?.equals(key.getPublicSSH()));
    const wanted = agent.keys
      .map((key) => ({ key, at: configured(key) }))
      .filter(({ at }) => at >= 0 || !this.options.identitiesOnly)
      .sort((a, b) => (a.at < 0 ? files.length : a.at) - (b.at < 0 ? files.length : b.at))
      .slice(0, MOST_FROM_AGENT);
    const signed = new Set<string>();
    for (const { key } of wanted) {
      const label = `the agent's key ${printable(key.comment || key.type, 100)}`;
      const offer = this.offer(label, key, (data, options) =>
        this.hold(() => agentSigns(agent.agent, key, data, options)),
      );
      yield offer;
      if (offer.failure === undefined) signed.add(key.getPublicSSH().toString('base64'));
    }
    for (const file of files) {
      if (file.text === undefined) continue;
      if (file.publicKey && signed.has(file.publicKey.toString('base64'))) continue;
      const offer = await this.fromFile(file, file.text);
      if (offer) yield offer;
    }
  }

  /** The public part is shown first: a passphrase is asked only where the server takes the key. */
  private async fromFile({ path, publicKey }: IdentityFile, text: string): Promise<Offer | undefined> {
    const label = `the key ${printable(path)}`;
    const opened = unlock(text, undefined, this.library);
    if (opened.kind === 'unreadable') {
      this.log(`The key ${path} is left out: ${opened.why}.`);
      return undefined;
    }
    if (opened.kind === 'key')
      return this.offer(label, opened.key, async (data, { hash }) => signature(opened.key, data, hash));
    const shown = publicKey && this.library.utils.parseKey(publicKey);
    const known = Array.isArray(shown) ? shown[0] : shown;
    if (known && !(known instanceof Error))
      return this.offer(label, known, async (data, { hash }) =>
        signature(await this.unlocked(path, text), data, hash),
      );
    try {
      const key = await this.unlocked(path, text);
      return this.offer(label, key, async (data, { hash }) => signature(key, data, hash));
    } catch (error) {
      this.log(`The key ${path} is left out: ${String(error)}`);
      return undefined;
    }
  }

  private async unlocked(path: string, text: string): Promise<ParsedKey> {
    for (let attempt = 0; attempt < PASSPHRASES; attempt++) {
      const verdict = new Verdict();
      const passphrase = await this.asker.secret({
        kind: 'passphrase',
        text: `Passphrase of the key ${printable(path)}, for ${this.options.name}`,
        key: `ssh passphrase ${path}`,
        again: attempt > 0,
        hidden: true,
        right: verdict.right,
      });
      if (passphrase === undefined) throw new Error('its passphrase was not given');
      // It takes a while, in which nothing else runs here: not the server's time.
      const opened = await this.hold(async () => unlock(text, passphrase, this.library));
      verdict.give(opened.kind === 'key');
      if (opened.kind === 'key') return opened.key;
      if (opened.kind === 'unreadable') throw new Error(opened.why);
    }
    throw new Error(`its passphrase was wrong ${PASSPHRASES} times`);
  }

  private offer(
    label: string,
    key: ParsedKey,
    sign: (data: Buffer, options: SignOptions) => Promise<Buffer>,
  ): Offer {
    const { BaseAgent } = this.library;
    class OneKey extends BaseAgent {
      override getIdentities(done: (error: null, keys: ParsedKey[]) => void): void {
        done(null, [key]);
      }
      override sign(_key: ParsedKey, data: Buffer, options: SignOptions, done: Signed): void {
        sign(data, options).then(
          (made) => {
            offer.signed = true;
            done(null, made);
          },
          (error: unknown) => {
            offer.failure = error instanceof Error ? error.message : String(error);
            done(new Error(offer.failure));
          },
        );
      }
    }
    const offer: Offer = { label, agent: new OneKey() };
    return offer;
  }

  /** A private key that others may read is not used, as OpenSSH does it; nor is a file that is no key's. */
  private async read(path: string): Promise<IdentityFile> {
    const beside = await readFile(path.endsWith('.pub') ? path : `${path}.pub`, 'utf8').catch(() => '');
    const found = publicLine(beside);
    try {
      const { mode, size, uid } = await stat(path);
      if (size > MOST_BYTES) throw new Error('it is too large');
      if (process.platform !== 'win32' && (mode & 0o077) !== 0 && uid === process.getuid?.()) {
        if (!path.endsWith('.pub')) this.log(`The key ${path} is left out: others may read it (chmod 600).`);
        return { path, ...(found ? { publicKey: found } : {}) };
      }
      const text = await readFile(path, 'utf8');
      const publicKey = publicPart(text) ?? found;
      const secret = text.includes('PRIVATE KEY-----');
      return { path, ...(publicKey ? { publicKey } : {}), ...(secret ? { text } : {}) };
    } catch (error) {
      const { code = String(error) } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') this.log(`The key ${path} is left out: ${code}.`);
      return { path, ...(found ? { publicKey: found } : {}) };
    }
  }

  private async agentKeys(): Promise<{ agent?: BaseAgent; keys: ParsedKey[] }> {
    const { agent: path } = this.options;
    if (path === undefined) return { keys: [] };
    const agent = this.library.createAgent(path);
    const ask = (): Promise<{ agent?: BaseAgent; keys: ParsedKey[] }> =>
      new Promise((resolve) => {
        const none = (why: string) => {
          clearTimeout(timer);
          this.log(`The agent at ${path} is left out: ${why}.`);
          resolve({ keys: [] });
        };
        const timer = setTimeout(
          () => none(`it said nothing for ${AGENT_PATIENCE / 1000} s`),
          AGENT_PATIENCE,
        );
        agent.getIdentities((error, keys) => {
          if (error || !keys) return none(error?.message ?? 'it has no keys');
          clearTimeout(timer);
          resolve({ agent, keys });
        });
      });
    return this.hold(ask);
  }
}

function agentSigns(
  agent: BaseAgent | undefined,
  key: ParsedKey,
  data: Buffer,
  options: SignOptions,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (!agent) return reject(new Error('there is no agent'));
    const timer = setTimeout(
      () => reject(new Error(`the agent did not sign within ${SIGNING / 1000} s`)),
      SIGNING,
    );
    agent.sign(key, data, options, (error, made) => {
      clearTimeout(timer);
      if (made) resolve(made);
      else reject(error ?? new Error('the agent did not sign'));
    });
  });
}

function signature(key: ParsedKey, data: Buffer, hash: string | undefined): Buffer {
  const made = key.sign(data, hash);
  if (made instanceof Error) throw new Error('it cannot sign');
  return made;
}
