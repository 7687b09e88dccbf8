import './translation';
import { t } from '../src/model/l10n';
import type { FromPage, Shown, ToPage } from '../src/model/timeline';
import { Changes } from './changes';
import { Columns } from './columns';
import { costText } from './cost';
import { element } from './element';
import { Keys } from './keys';
import { Lanes } from './lanes';
import { pictureOf } from './picture';
import { Plots } from './plots';
import { Pointer } from './pointer';
import { chartsOf } from './series';
import type { Steered } from './steered';
import { tableOf } from './table';
import { currentTheme, onThemeChange } from './theme';
import { TracingControls } from './tracing';
import { type Span, TimeWindow } from './window';
import { clockTime } from './words';

declare function acquireVsCodeApi(): {
  postMessage(message: FromPage): void;
  getState(): unknown;
  setState(state: unknown): void;
};

/** What the page remembers while it is hidden. */
interface Kept {
  readonly by: 'state' | 'ring';
  readonly table: boolean;
  readonly span?: Span | undefined;
}

/** Milliseconds between two drawings for what has come by itself. */
const PACE = 200;

/** The page: charts over one time axis, the lanes of the moment shown, and a table that says the same. */
class Timeline implements Steered {
  private readonly vscode = acquireVsCodeApi();
  private readonly kept = keptFrom(this.vscode.getState());
  private by = this.kept.by;
  private asTable = this.kept.table;
  private readonly time = new TimeWindow(this.kept.span);
  private theme = currentTheme();
  readonly held = new Columns();
  private shown: Shown | undefined;
  readonly plots = new Plots(this.held, this.time, this.theme, () => this.later());
  private cursor: number | undefined;
  private dirty = false;
  /** When it was drawn last, and the timer for what has come since. */
  private drawnAt = Number.NEGATIVE_INFINITY;
  private soon: ReturnType<typeof setTimeout> | undefined;
  private readonly title = element('h1', 'title');
  private readonly answer = element('p', 'answer');
  private readonly moment = element('p', 'faint');
  private readonly pause = button(t('Pause'), () =>
    this.tell({ kind: this.shown?.state === 'paused' ? 'resume' : 'pause' }),
  );
  private readonly reset = button(t('Whole time'), () => this.unrange());
  private readonly split = button('', () =>
    this.change(() => (this.by = this.by === 'state' ? 'ring' : 'state')),
  );
  private readonly table = button('', () => this.change(() => (this.asTable = !this.asTable)));
  private readonly save = button(t('Save picture…'), () => this.picture());
  private readonly tracing = new TracingControls((message) => this.tell(message));
  private readonly numbers = element('div', 'numbers-area');
  private readonly spoken = element('p', 'hidden-words');
  private readonly lanes = new Lanes();
  private readonly changes = new Changes();
  private readonly cost = element('p', 'faint');
  private readonly keys = new Keys(this);

  constructor() {
    new Pointer(this);
  }

  start(): void {
    const buttons = element(
      'div',
      'buttons',
      this.pause,
      this.tracing.button,
      this.reset,
      this.split,
      this.table,
      this.save,
    );
    const head = element(
      'header',
      undefined,
      this.title,
      this.answer,
      buttons,
      this.tracing.words,
      this.moment,
    );
    this.spoken.setAttribute('aria-live', 'polite');
    this.numbers.tabIndex = 0;
    this.numbers.setAttribute('role', 'region');
    this.numbers.setAttribute('aria-label', t('The charts as a table'));
    document.body.append(
      element(
        'main',
        undefined,
        head,
        this.plots.node,
        this.numbers,
        this.spoken,
        this.changes.node,
        this.lanes.node,
        this.cost,
      ),
    );
    this.listen();
    this.name();
    this.tell({ kind: 'ready' });
  }

  private listen(): void {
    window.addEventListener('message', ({ data }: MessageEvent<ToPage>) => this.take(data));
    window.addEventListener('resize', () => this.later());
    document.addEventListener('visibilitychange', () => this.later());
    onThemeChange(() => {
      this.theme = currentTheme();
      this.plots.paint(this.theme);
      this.later();
    });
  }

  private take(message: ToPage): void {
    if (message.kind === 'shown') {
      this.shown = message.shown;
      this.lanes.show(message.shown);
      this.tracing.show(message.shown);
      this.name();
    } else if (message.kind === 'change') {
      this.changes.show(message.change);
      return;
    } else {
      if (message.whole) this.held.replace(message.points);
      else this.held.add(message.points);
      const [first, last] = [this.held.points[0], this.held.points.at(-1)];
      if (first && last) this.time.extend(first.at, last.at);
    }
    const wait = this.drawnAt + PACE - performance.now();
    if (wait <= 0) this.later();
    else
      this.soon ??= setTimeout(() => {
        this.soon = undefined;
        this.later();
      }, wait);
  }

  /** Draws with the next frame, and only while somebody can see it. */
  private later(): void {
    if (this.dirty) return;
    this.dirty = true;
    requestAnimationFrame(() => {
      this.dirty = false;
      if (document.visibilityState === 'visible') this.draw();
    });
  }

  private draw(): void {
    this.drawnAt = performance.now();
    const specs = chartsOf(this.held, this.by);
    const { span } = this.time;
    // What is drawn, for tests.
    Object.assign(document.body.dataset, {
      points: this.held.points.length,
      seconds: (span.to - span.from) / 1000,
    });
    this.cost.textContent = costText(this.held.points);
    this.numbers.hidden = !this.asTable;
    this.plots.node.hidden = this.asTable;
    if (this.asTable) {
      this.numbers.replaceChildren(tableOf(specs, this.held, span));
      return;
    }
    this.plots.draw(specs);
    this.plots.point(this.at);
  }

  private frozenAt(): number | undefined {
    return this.shown?.state === 'paused' ? this.shown.at : undefined;
  }

  private name(): void {
    const { shown } = this;
    const state = shown?.state ?? 'starting';
    this.title.textContent = shown?.title ?? '';
    this.answer.textContent = shown?.answer ?? '';
    this.answer.className = `answer ${shown?.severity ?? ''}`;
    const at = this.frozenAt();
    this.moment.textContent =
      state === 'paused' && at !== undefined
        ? t('The tree shows {0}. The process itself goes on.', clockTime(at))
        : state === 'ended'
          ? t('It has ended.')
          : t('Drag over the charts to look closer; click to see that moment in the tree.');
    this.pause.textContent = state === 'paused' ? t('Resume') : t('Pause');
    this.pause.disabled = state !== 'live' && state !== 'paused';
    this.split.textContent = this.by === 'state' ? t('In flight by ring') : t('In flight by state');
    this.table.textContent = this.asTable ? t('Show charts') : t('Show as table');
    this.save.disabled = this.asTable;
  }

  get at(): number | undefined {
    return this.cursor ?? this.frozenAt();
  }

  point(at: number | undefined): void {
    this.cursor = at;
    this.plots.point(this.at);
  }

  look(change: (time: TimeWindow) => void): void {
    const { span } = this.time;
    change(this.time);
    if (this.time.span === span) return;
    this.remember();
    this.later();
  }

  select(at: number): void {
    this.tell({ kind: 'select', at });
  }

  choose(one: number, other: number): void {
    this.look((time) => time.show(one, other));
    this.tell({ kind: 'select', at: Math.max(one, other), from: Math.min(one, other) });
  }

  unrange(): void {
    this.keys.forget();
    this.changes.hide();
    this.look((time) => time.reset());
  }

  say(words: string): void {
    this.spoken.textContent = words;
  }

  private change(change: () => void): void {
    change();
    this.remember();
    this.name();
    this.later();
  }

  private remember(): void {
    this.vscode.setState({ by: this.by, table: this.asTable, span: this.time.kept } satisfies Kept);
  }

  private picture(): void {
    const png = pictureOf(
      `${this.shown?.title ?? ''} · ${this.shown?.answer ?? ''}`,
      this.plots.drawn(),
      this.theme,
    );
    if (png !== '') this.tell({ kind: 'picture', png });
  }

  private tell(message: FromPage): void {
    this.vscode.postMessage(message);
  }
}

function keptFrom(state: unknown): Kept {
  const { by, table, span } = (state ?? {}) as Partial<Kept>;
  return { by: by === 'ring' ? 'ring' : 'state', table: table === true, span };
}

function button(text: string, act: () => void): HTMLButtonElement {
  const made = element('button', undefined, text);
  made.type = 'button';
  made.addEventListener('click', act);
  return made;
}

new Timeline().start();
