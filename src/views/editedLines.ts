/** A change of a text, as far as it moves lines. Lines from 0. */
export interface LineEdit {
  /** First and last line of what was replaced. */
  readonly start: number;
  readonly end: number;
  /** Line breaks of the new text. */
  readonly added: number;
  /** Nothing but blanks stands before it in its line: what it pushes down is the line itself. */
  readonly atStart: boolean;
  /** It was made by undoing or redoing: a line that had been deleted is there again. */
  readonly undoes?: boolean;
}

/** A save has no edit. Seconds since 1970. */
interface Event {
  readonly time: number;
  readonly edit?: LineEdit;
}

/** Edits of one document that are kept; the oldest are forgotten, and lines then off by what those had moved. */
const MOST = 20_000;

/** Where the lines of a document have gone to since a compiler read it. */
export class EditedLines {
  private events: Event[] = [];

  edited(edits: readonly LineEdit[], time: number): void {
    for (const edit of edits) this.events.push({ time, edit });
    if (this.events.length > MOST) this.events = this.events.slice(MOST / 2);
  }

  saved(time: number): void {
    if (this.events.length > 0) this.events.push({ time });
  }

  /** The text is again as it was last saved: by undoing, or because it was closed. */
  backToSaved(): void {
    while (this.events.at(-1)?.edit !== undefined) this.events.pop();
  }

  get hasEdits(): boolean {
    return this.events.some(({ edit }) => edit !== undefined);
  }

  /**
   * Where a line of a program's source is now; undefined = it was deleted. The compiler has read what was last saved before
   * `binaryModified`, in seconds since 1970; absent = before all edits that are known.
   */
  lineNow(line: number, binaryModified: number | undefined): number | undefined {
    const edits: LineEdit[] = [];
    for (const { edit } of this.events.slice(this.baseline(binaryModified))) {
      if (edit && isUndoing(edit, edits.at(-1))) edits.pop();
      else if (edit) edits.push(edit);
    }
    let now: number | undefined = line;
    for (const edit of edits) {
      now = movedLine(now, edit);
      if (now === undefined) return undefined;
    }
    return now;
  }

  private baseline(binaryModified: number | undefined): number {
    if (binaryModified === undefined) return 0;
    return this.events.findLastIndex(({ time, edit }) => edit === undefined && time <= binaryModified) + 1;
  }
}

/** Takes out the lines that the other has put in, and puts in as many as it has taken out. */
function isUndoing({ start, end, added, undoes }: LineEdit, other: LineEdit | undefined): boolean {
  return (
    undoes === true &&
    other?.start === start &&
    other.added === end - start &&
    other.end - other.start === added
  );
}

function movedLine(line: number, { start, end, added, atStart }: LineEdit): number | undefined {
  const removed = end - start;
  if (line < start) return line;
  // As many lines as before: formatting, renaming.
  if (line > end || added === removed) return line + added - removed;
  if (removed === 0) return atStart ? line + added : line;
  // Of the last line the end is left, of the first the beginning.
  if (line === end) return start + added;
  return line === start && !atStart ? line : undefined;
}
