import { encodeIdle } from '../probe/wire';
import type { Channel } from './channel';

/** Words in the time that the probe waits for one. */
const WORDS = 3;
/** Milliseconds for an answer. */
const DEADLINE = 1000;

/**
 * Has the probe end by itself, and so be removed, once it has heard nothing for `seconds` (whole ones). Until `ended` settles a
 * word is said often enough, whether or not anything is asked. An older probe, which knows no such limit, is left in peace.
 */
export function keepAlive(channel: Pick<Channel, 'ask'>, seconds: number, ended: Promise<unknown>): void {
  const question = { verb: 'idle', limit: 0, deadline: DEADLINE } as const;
  const say = async () => {
    try {
      const [answer] = await channel.ask(question, [encodeIdle(seconds)]);
      if (answer?.ok === false && answer.errno === 'ENOSYS') clearInterval(timer);
    } catch {
      // The channel says so to whoever asks something.
      clearInterval(timer);
    }
  };
  const timer = setInterval(() => void say(), (seconds * 1000) / WORDS);
  // A program that has nothing else to do may end.
  timer.unref();
  void ended.then(() => clearInterval(timer));
  void say();
}
