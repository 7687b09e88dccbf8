import { t } from '../src/model/l10n';
import type { Lane, Shown } from '../src/model/timeline';
import { element } from './element';
import { secondsText } from './words';

/** The pending requests of the moment that is shown, a lane each, as long as they have waited. */
export class Lanes {
  readonly node = element('section', 'lanes');
  private readonly list = element('ol', 'lane-list');
  private readonly rest = element('p', 'faint');

  constructor() {
    this.node.append(element('h2', 'chart-title', t('Pending requests by age')), this.list, this.rest);
  }

  show({ lanes, more }: Shown): void {
    const longest = Math.max(1, ...lanes.map(({ age }) => age ?? 0));
    this.list.replaceChildren(...lanes.map((lane) => laneOf(lane, longest)));
    this.rest.textContent =
      lanes.length === 0
        ? t('No request is pending.')
        : more > 0
          ? t('and {0} more: the tree lists all', more)
          : '';
  }
}

function laneOf({ label, place, state, age, atLeast }: Lane, longest: number): HTMLElement {
  const bar = element('span', `bar ${state}`);
  bar.style.setProperty('--part', String(Math.max(0.004, (age ?? 0) / longest)));
  const time = age === undefined ? '' : atLeast ? t('over {0}', secondsText(age)) : secondsText(age);
  const words = element('span', 'lane-words', element('span', 'lane-label', label), ` ${place}`);
  return element('li', 'lane', bar, words, element('span', 'lane-age', time));
}
