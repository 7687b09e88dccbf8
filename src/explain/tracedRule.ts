import type { Finding, Sample } from '../model/sample';
import type { TraceSummary } from '../model/trace';

/** What a rule about a trace looks at; the Sample was taken after it, and says what the descriptors are. */
export interface TracedScene {
  readonly trace: TraceSummary;
  readonly sample: Sample;
}

export interface TracedRule {
  readonly tag: string;
  check(scene: TracedScene): readonly Finding[];
}
