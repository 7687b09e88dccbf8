import type { AuthHandler, AuthMethod, Prompt } from 'ssh2';
import { UserError } from '../../model/errors';
import type { Asker } from '../remoteHost';
import { Verdict } from '../verdict';
import type { AuthMethodName, HostOptions } from './hostOptions';
import type { Identities, Offer } from './identities';
import { cancelled, notAuthenticated, quoted } from './sshErrors';

/** Prompts of one dialogue that a user is shown at the most. */
const MOST_PROMPTS = 16;

/** One login: which method comes next, what the user is asked for it, and what was tried in the end. */
export class Authentication {
  /** Called where it is given up for another reason than a lack of methods. */
  onRefusal: (error: UserError) => void = () => undefined;
  private refusal: UserError | undefined;
  private readonly offers: AsyncGenerator<Offer>;
  private readonly tried: string[] = [];
  private offered: Offer | undefined;
  private password: Buffer | undefined;
  private passwords = 0;
  private dialogues = 0;
  private prompted = true;
  private prompts = 0;
  private accepted: readonly string[] = [];
  /** Of the answer that the server has not yet taken or refused. */
  private verdict: Verdict | undefined;

  constructor(
    private readonly options: HostOptions,
    identities: Identities,
    private readonly asker: Asker,
  ) {
    this.offers = identities.offers();
  }

  readonly handler: AuthHandler = (left, partial, next) => {
    this.choose(left, partial === true).then(next, (error: unknown) => {
      this.refuse(error);
      next(false);
    });
  };

  /** What was asked for is needed no more. */
  end(loggedIn = false): void {
    this.verdict?.give(loggedIn);
    this.password?.fill(0);
    this.password = undefined;
    this.offered = undefined;
    // It may still wait for the user.
    this.offers.return(undefined).catch(() => undefined);
  }

  /** Whether the server has said how it lets anybody in. */
  get begun(): boolean {
    return this.accepted.length > 0;
  }

  /** Whether a ticket of Kerberos would be shown to this server and taken by it. */
  get wantsTicket(): boolean {
    return this.options.gssapi && this.accepted.includes('gssapi-with-mic');
  }

  /** What to tell the user where no method is left, or the server gave up: `words` are its own. */
  failure(words?: string): UserError {
    if (this.refusal) return this.refusal;
    this.note();
    const tried = this.tried.length > 0 ? `Tried: ${this.tried.join(', ')}.` : 'There was nothing to try.';
    const accepted = this.accepted.map((method) => quoted(method)).join(', ');
    const takes = accepted === '' ? '' : ` It accepts: ${accepted}.`;
    const said = words === undefined ? '' : ` It said: ${quoted(words)}.`;
    return notAuthenticated(
      `${this.options.user}@${this.options.name}`,
      `${tried}${takes}${said}`,
      'Check the user and its keys with: ssh -v, or set User and IdentityFile in ~/.ssh/config.',
    );
  }

  private refuse(error: unknown): void {
    this.refusal ??=
      error instanceof UserError ? error : notAuthenticated(this.options.name, quoted(String(error)));
    this.onRefusal(this.refusal);
  }

  private async choose(left: readonly string[] | null, partial: boolean): Promise<AuthMethod | false> {
    const signed = this.offered?.signed === true;
    this.note(partial || signed);
    const username = this.options.user;
    // ssh2 passes over what a server says behind a good signature: that more is wanted, and what. It says it again.
    if (left === null || signed) return { type: 'none', username };
    this.accepted = left;
    if (this.refusal) return false;
    for (const name of this.options.methods) {
      if (!left.includes(name)) continue;
      const method = await this.next(name, username);
      if (method) return method;
    }
    return false;
  }

  /** Puts down what became of the last attempt. */
  private note(partial = false): void {
    this.verdict?.give(partial);
    this.verdict = undefined;
    this.password?.fill(0);
    this.password = undefined;
    if (this.offered) {
      const { label, failure } = this.offered;
      this.tried.push(failure === undefined ? label : `${label} (${quoted(failure)})`);
    }
    this.offered = undefined;
    if (partial) this.tried.push('(that was accepted, but is not enough)');
  }

  private async next(name: AuthMethodName, username: string): Promise<AuthMethod | undefined> {
    switch (name) {
      case 'publickey': {
        const { value } = await this.offers.next();
        if (!value) return undefined;
        this.offered = value;
        return { type: 'agent', username, agent: value.agent };
      }
      case 'password':
        return this.askPassword(username);
      case 'keyboard-interactive':
        // A server that asked nothing has nothing to ask.
        if (this.dialogues >= this.options.passwordPrompts || !this.prompted) return undefined;
        this.prompted = false;
        this.prompts = 0;
        this.dialogues++;
        return { type: 'keyboard-interactive', username, prompt: this.prompt };
    }
  }

  private async askPassword(username: string): Promise<AuthMethod | undefined> {
    if (this.passwords >= this.options.passwordPrompts) return undefined;
    this.verdict = new Verdict();
    const answer = await this.asker.secret({
      kind: 'password',
      text: `Password of ${username} on ${this.options.name}`,
      key: this.passwordKey,
      again: this.passwords > 0,
      hidden: true,
      right: this.verdict.right,
    });
    if (answer === undefined) throw cancelled(this.options.name);
    this.passwords++;
    this.count('a password', this.passwords);
    this.password = Buffer.from(answer, 'utf8');
    return { type: 'password', username, password: this.password };
  }

  private get passwordKey(): string {
    const { user, hostname, port } = this.options;
    return `ssh password ${user}@${hostname}:${port}`;
  }

  private readonly prompt = (
    _name: string,
    instructions: string,
    _language: string,
    prompts: readonly Prompt[],
    finish: (answers: string[]) => void,
  ): void => {
    this.answer(instructions, prompts).then(finish, (error: unknown) => {
      this.refuse(error);
      finish(prompts.map(() => ''));
    });
  };

  private async answer(instructions: string, prompts: readonly Prompt[]): Promise<string[]> {
    if (this.refusal) throw this.refusal;
    this.prompts += Math.max(prompts.length, 1);
    if (this.prompts > MOST_PROMPTS) throw notAuthenticated(this.options.name, 'It asks too many questions.');
    if (!this.prompted) this.count('answers to its questions', this.dialogues);
    this.prompted = true;
    const { user, name } = this.options;
    const answers: string[] = [];
    this.verdict ??= new Verdict();
    const { right } = this.verdict;
    for (const { prompt, echo } of prompts) {
      const words = quoted(prompt);
      const forPassword = echo !== true && prompts.length === 1 && /password: *$/i.test(prompt);
      const before = quoted(instructions);
      const answer = await this.asker.secret({
        kind: forPassword ? 'password' : 'code',
        text: forPassword
          ? `Password of ${user} on ${name}`
          : `${name} asks ${user}: ${before === '' ? '' : `${before} `}${words}`,
        ...(forPassword ? { key: this.passwordKey } : {}),
        again: this.dialogues > 1,
        hidden: echo !== true,
        right,
      });
      if (answer === undefined) throw cancelled(name);
      answers.push(answer);
    }
    return answers;
  }

  /** One entry for a method, however often it was tried. */
  private count(what: string, times: number): void {
    const at = this.tried.findIndex((entry) => entry === what || entry.startsWith(`${what} (`));
    const entry = times > 1 ? `${what} (${times} times)` : what;
    if (at < 0) this.tried.push(entry);
    else this.tried[at] = entry;
  }
}
