import type { Target } from '../../../src/target/target';

/** Milliseconds without a question after which a turn counts as asked. */
const QUIET = 25;

/** Holds answers back until nothing more is asked, and counts how often that is: the round trips that a far host would cost. */
export class Turns {
  count = 0;
  private held: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;

  of(target: Target): Target {
    const { kernel, sockets } = target;
    return {
      label: target.label,
      frozen: target.frozen,
      rights: target.rights,
      arch: target.arch,
      ...(target.self === undefined ? {} : { self: target.self }),
      read: (...asked) => this.hold(target.read(...asked)),
      list: (...asked) => this.hold(target.list(...asked)),
      link: (...asked) => this.hold(target.link(...asked)),
      inodes: (...asked) => this.hold(target.inodes(...asked)),
      memory: (...asked) => this.hold(target.memory(...asked)),
      ...(kernel
        ? {
            kernel: {
              find: (...asked) => this.hold(kernel.find(...asked)),
              read: (...asked) => this.hold(kernel.read(...asked)),
              chase: (...asked) => this.hold(kernel.chase(...asked)),
              chains: (...asked) => this.hold(kernel.chains(...asked)),
              scan: (...asked) => this.hold(kernel.scan(...asked)),
            },
          }
        : {}),
      ...(sockets
        ? {
            sockets: {
              unix: (...asked) => this.hold(sockets.unix(...asked)),
              tcp: (...asked) => this.hold(sockets.tcp(...asked)),
            },
          }
        : {}),
      dispose: () => undefined,
    };
  }

  private async hold<T>(answer: Promise<T>): Promise<T> {
    clearTimeout(this.timer);
    const released = new Promise<void>((resolve) => this.held.push(resolve));
    this.timer = setTimeout(() => this.release(), QUIET);
    const given = await answer;
    await released;
    return given;
  }

  private release(): void {
    this.count++;
    const { held } = this;
    this.held = [];
    for (const release of held) release();
  }
}
