import { t } from '../src/model/l10n';
import type { Change } from '../src/model/timeline';
import { element } from './element';
import { clockTime, secondsText } from './words';

/** What has changed within the range that somebody chose. */
export class Changes {
  readonly node = element('section', 'changes');
  private readonly title = element('h2', 'chart-title');
  private readonly text = element('pre', 'changes-text');

  constructor() {
    this.text.tabIndex = 0;
    this.text.setAttribute('role', 'region');
    this.text.setAttribute('aria-label', t('What has changed'));
    this.node.append(this.title, this.text);
    this.hide();
  }

  show({ from, to, text }: Change): void {
    this.title.textContent = t(
      'What changed in {0}, {1} to {2}',
      secondsText((to - from) / 1000),
      clockTime(from),
      clockTime(to),
    );
    this.text.textContent = text;
    this.node.hidden = false;
  }

  hide(): void {
    this.node.hidden = true;
  }
}
