/** What is drawn on: a terminal, or whatever else stdout is. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly rows?: number;
  write(text: string): unknown;
}

/** The first state of a text that is written anew when more is known; nothing where nobody looks, or where it would scroll away. */
export class Draft {
  private lines = 0;

  constructor(private readonly screen: Screen) {}

  show(text: string): void {
    const lines = text.split('\n').length - 1;
    if (!this.screen.isTTY || lines >= (this.screen.rows ?? 0)) return;
    // A line that wrapped would be counted wrong.
    this.screen.write(`\u001b[?7l${text}\u001b[?7h`);
    this.lines = lines;
  }

  clear(): void {
    if (this.lines > 0) this.screen.write(`\u001b[${this.lines}A\u001b[J`);
    this.lines = 0;
  }
}
