import { UserError } from '../model/errors';
import { unshowable } from './errors';
import type { ShownFrame } from './picture';
import type { References } from './references';
import { toldText } from './toldFrame';

/** Texts that are kept; some KB each. */
const MOST = 200;

/** The texts that stand for sources. One that was opened stays what it was when newer pictures come: an editor asks again when its tab comes back. */
export class ToldTexts {
  private readonly kept = new Map<number, string>();

  /** Throws where it never was opened and belongs to a picture of long ago. */
  text(reference: unknown, frames: Pick<References<ShownFrame>, 'get'>): string {
    const number = typeof reference === 'number' ? reference : 0;
    const text = this.kept.get(number) ?? made(frames.get(number));
    this.kept.delete(number);
    this.kept.set(number, text);
    const [oldest] = this.kept.keys();
    if (this.kept.size > MOST && oldest !== undefined) this.kept.delete(oldest);
    return text;
  }
}

function made(frame: ShownFrame | undefined): string {
  if (!frame)
    throw new UserError(
      'debug-unknown',
      'What was known of this frame is not known any more.',
      'It belongs to a picture that newer ones have replaced, or to another session.',
      'Select a frame in the Call Stack for what is known now.',
    );
  try {
    return toldText(frame);
  } catch (error) {
    throw unshowable(error);
  }
}
