import type { SHELLS } from '../options';
import { bashCompletion } from './bash';
import { fishCompletion } from './fish';
import { zshCompletion } from './zsh';

/** The completion of each shell, and the file that it looks for one in. */
export const SCRIPTS: Readonly<
  Record<(typeof SHELLS)[number], { readonly file: string; readonly text: () => string }>
> = {
  bash: { file: 'inspect-io-uring.bash', text: bashCompletion },
  zsh: { file: '_inspect-io-uring', text: zshCompletion },
  fish: { file: 'inspect-io-uring.fish', text: fishCompletion },
};
