/** Whether an answer was right, for who asked it of the user. The first word counts. */
export class Verdict {
  readonly right: Promise<boolean>;
  private resolve: (right: boolean) => void = () => undefined;

  constructor() {
    this.right = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  give(right: boolean): void {
    this.resolve(right);
  }
}
