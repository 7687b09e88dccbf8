import { t } from '../src/model/l10n';
import type { FromPage, Shown } from '../src/model/timeline';
import { element } from './element';

/** The button that begins and ends a trace, and how it goes. */
export class TracingControls {
  readonly button = element('button');
  readonly words = element('p', 'faint');
  private running = false;

  constructor(tell: (message: FromPage) => void) {
    this.button.type = 'button';
    this.button.addEventListener('click', () => tell({ kind: this.running ? 'stop trace' : 'trace' }));
    this.words.setAttribute('role', 'status');
    this.show(undefined);
  }

  show(shown: Shown | undefined): void {
    const { running = false, words = '' } = shown?.tracing ?? {};
    this.running = running;
    this.button.textContent = running ? t('Stop tracing') : t('Start tracing');
    this.button.disabled = !running && shown?.state !== 'live' && shown?.state !== 'paused';
    if (this.words.textContent !== words) this.words.textContent = words;
    this.words.hidden = words === '';
  }
}
