import type { Sample } from '../model/sample';
import type { Style } from './style';

/** What every part of the report is written from. */
export interface Context {
  readonly sample: Sample;
  readonly style: Style;
  readonly width: number;
  readonly verbose: boolean;
}
