import { sshHostNames } from '../../target/ssh/connect';
import { usage } from '../arguments';
import { SHELLS } from '../options';
import { SCRIPTS } from './scripts';

const HELP = `Usage: inspect-io-uring completions ${SHELLS.join('|')}

Prints what the shell completes inspect-io-uring with: options, their values, hosts of ~/.ssh/config, and the PIDs of
processes that hold an io_uring, as far as the user may see them.

  bash   source <(inspect-io-uring completions bash)                                in ~/.bashrc
  zsh    inspect-io-uring completions zsh > DIR/_inspect-io-uring                   a DIR of $fpath
  fish   inspect-io-uring completions fish > ~/.config/fish/completions/inspect-io-uring.fish
`;

/** A name that no shell makes more of than a word. */
const PLAIN = /^\w[\w.@:%-]*$/;

/** What `inspect-io-uring completions` prints for these arguments. Rejects with a UserError. */
export async function completions(args: readonly string[]): Promise<string> {
  const [word, ...others] = args;
  if (word === '--help' || word === '-h') return HELP;
  // The scripts ask for it.
  if (word === 'hosts' && others.length === 0) {
    const names = await sshHostNames();
    return names
      .filter((name) => PLAIN.test(name))
      .map((name) => `${name}\n`)
      .join('');
  }
  const shell = SHELLS.find((known) => known === word);
  if (shell === undefined || others.length > 0)
    throw usage(`"completions" takes one of ${SHELLS.join(', ')}, not "${args.join(' ')}".`);
  return SCRIPTS[shell].text();
}
