import { type InspectionProblem, problemOf } from '../inspect/problem';
import type { Sample } from '../model/sample';
import { Picture } from './picture';
import type { Subject } from './subject';
import { ThreadIds } from './threadIds';

/** What a view tells its session. */
export interface ViewEvents {
  /** A newer look, while live. */
  changed(now: Picture, before: Picture): void;
  /** The frozen picture has been completed: its links to the source were found. */
  completed(now: Picture): void;
  /** A look has failed; undefined = it succeeds again. */
  troubled(problem: InspectionProblem | undefined): void;
  /** The process is gone. */
  ended(problem: InspectionProblem | undefined): void;
}

/** What a session shows: the newest look, or a frozen one. */
export class View {
  private readonly ids = new ThreadIds();
  private current: Picture;
  private standsStill = false;
  private trouble: string | undefined;
  private unfollow: (() => void) | undefined;

  constructor(
    readonly subject: Subject,
    sample: Sample,
    private readonly events: ViewEvents,
  ) {
    this.current = new Picture(sample, this.ids);
    if (subject.kind === 'saved') this.standsStill = true;
    else this.unfollow = subject.followed.onChange(() => this.look());
  }

  get picture(): Picture {
    return this.current;
  }

  get frozen(): boolean {
    return this.standsStill;
  }

  /** Nothing moves from now on. */
  freeze(): void {
    this.standsStill = true;
    if (this.subject.kind === 'live') this.subject.followed.pause();
  }

  /** Live again; of a saved Sample never. */
  thaw(): void {
    if (this.subject.kind === 'saved') return;
    this.standsStill = false;
    const { followed } = this.subject;
    // What it ran into while the picture was frozen is told now.
    if (followed.snapshot.state === 'ended') this.look();
    else followed.resume();
  }

  dispose(): void {
    this.unfollow?.();
    this.unfollow = undefined;
    if (this.subject.kind === 'live') this.subject.followed.dispose();
  }

  /** Who tells of looks has others to tell: nothing is thrown there. */
  private look(): void {
    try {
      this.take();
    } catch (error) {
      this.events.troubled(problemOf(error, 'A look cannot be shown.'));
    }
  }

  private take(): void {
    if (this.subject.kind === 'saved' || this.unfollow === undefined) return;
    const { state, sample, problem } = this.subject.followed.snapshot;
    const before = this.current;
    if (sample && sample !== before.sample) {
      const same = sample.takenAt === before.sample.takenAt;
      if (this.standsStill && !same) return;
      this.current = new Picture(sample, this.ids);
      if (this.standsStill) this.events.completed(this.current);
      else this.events.changed(this.current, before);
    }
    if (this.standsStill) return;
    if (state === 'ended') {
      this.unfollow();
      this.unfollow = undefined;
      this.events.ended(problem);
      return;
    }
    const trouble = problem && `${problem.code} ${problem.why}`;
    if (trouble === this.trouble) return;
    this.trouble = trouble;
    this.events.troubled(problem);
  }
}
