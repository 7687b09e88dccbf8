import type { ConfigEntry } from './configFile';
import type { Destination } from './destination';
import { matchPatterns } from './pattern';
import { badConfig } from './sshErrors';
import { replaceTokens } from './tokens';

/** What decides which lines of ssh_config hold. */
export interface Subject {
  readonly destination: Destination;
  readonly localUser: string;
}

interface Value {
  readonly words: readonly string[];
  readonly text: string;
}

/** Options that add up; of all others the first one holds. */
const REPEATED = new Set(['identityfile', 'certificatefile']);

/** One reading of the configuration for one host, as OpenSSH's readconf.c does it. Files are given in turn. */
export class Evaluation {
  /** A `Match final` was seen: the configuration is to be read once more. */
  wantsFinal = false;
  readonly notes = new Set<string>();
  private readonly values = new Map<string, Value[]>();
  private final = false;
  /** What `Host` lines are compared with. */
  private host: string;

  constructor(private readonly subject: Subject) {
    const { host, user, port } = subject.destination;
    this.host = host;
    if (user !== undefined) this.set('user', { words: [user], text: user });
    if (port !== undefined) this.set('port', { words: [String(port)], text: String(port) });
  }

  read(entries: readonly ConfigEntry[], path: string): void {
    this.walk(entries, path, true, false);
  }

  /** From here on the second reading, of which the host name is what the first one found. */
  beginFinal(hostname: string): void {
    this.final = true;
    this.host = hostname;
    this.values.set('hostname', [{ words: [hostname], text: hostname }]);
  }

  /** The words of an option. */
  words(keyword: string): readonly string[] | undefined {
    return this.values.get(keyword)?.[0]?.words;
  }

  /** The first word of an option. */
  word(keyword: string): string | undefined {
    return this.words(keyword)?.[0];
  }

  /** The whole text of an option that is a command. */
  text(keyword: string): string | undefined {
    return this.values.get(keyword)?.[0]?.text;
  }

  /** The first word of each line with an option that adds up. */
  all(keyword: string): readonly string[] {
    return (this.values.get(keyword) ?? []).flatMap(({ words }) => words.slice(0, 1));
  }

  get hostname(): string {
    const configured = this.word('hostname');
    return configured === undefined ? this.host : replaceTokens(configured, { h: this.host });
  }

  private set(keyword: string, value: Value): void {
    const before = this.values.get(keyword);
    if (!before) this.values.set(keyword, [value]);
    else if (REPEATED.has(keyword)) {
      if (!before.some(({ words }) => words[0] === value.words[0])) before.push(value);
    }
  }

  private walk(entries: readonly ConfigEntry[], path: string, outer: boolean, never: boolean): void {
    let active = outer;
    for (const entry of entries) {
      switch (entry.kind) {
        case 'host':
          active = !never && matchPatterns(this.host, entry.patterns);
          break;
        case 'match':
          active = this.matches(entry.words, path) && !never;
          break;
        case 'include':
          for (const file of entry.files) this.walk(file, path, active, never || !active);
          break;
        case 'option':
          if (active) this.take(entry);
          break;
      }
    }
  }

  /** Of ProxyCommand and ProxyJump the first holds; only `ProxyJump none` leaves the other free, as OpenSSH 9.2 does it. */
  private take({ keyword, words, text }: ConfigEntry & { kind: 'option' }): void {
    if ((words[0] ?? '') === '') return;
    if (keyword === 'proxyjump' && this.values.has('proxycommand')) return;
    const jump = this.word('proxyjump');
    if (keyword === 'proxycommand' && jump !== undefined && jump.toLowerCase() !== 'none') return;
    this.set(keyword, { words, text });
  }

  private matches(words: readonly string[], path: string): boolean {
    let result = true;
    for (let at = 0; at < words.length; at++) {
      const word = words[at] ?? '';
      const negated = word.startsWith('!');
      const [name = '', ...attached] = word.slice(negated ? 1 : 0).split('=');
      const criterion = name.toLowerCase();
      /** Undefined: not known. */
      let holds: boolean | undefined;
      if (criterion === 'all') holds = true;
      else if (criterion === 'final' || criterion === 'canonical') {
        if (criterion === 'final') this.wantsFinal = true;
        holds = this.final;
      } else {
        const argument = attached.length > 0 ? attached.join('=') : words[++at];
        if (argument === undefined || argument === '')
          throw badConfig(path, `"Match ${criterion}" says not what to match.`);
        holds = this.criterion(criterion, argument, path);
      }
      if (holds === undefined || holds === negated) result = false;
    }
    return result && words.length > 0;
  }

  private criterion(name: string, argument: string, path: string): boolean | undefined {
    const { destination, localUser } = this.subject;
    const patterns = argument.split(',');
    switch (name) {
      case 'host':
        return matchPatterns(
          this.hostname.toLowerCase(),
          patterns.map((pattern) => pattern.toLowerCase()),
        );
      case 'originalhost':
        return matchPatterns(
          destination.host.toLowerCase(),
          patterns.map((pattern) => pattern.toLowerCase()),
        );
      case 'user':
        return matchPatterns(this.word('user') ?? localUser, patterns);
      case 'localuser':
        return matchPatterns(localUser, patterns);
      case 'exec':
        this.notes.add(`${path}: commands of "Match exec" are not run; what stands below it was left out.`);
        return undefined;
      default:
        this.notes.add(`${path}: "Match ${name}" is not known here; what stands below it was left out.`);
        return undefined;
    }
  }
}
