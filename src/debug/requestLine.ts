import { DOUBT } from '../explain/certainty';
import { carriedTarget, onlyTarget } from '../explain/operationTargets';
import { carrierWords, stateWords } from '../explain/requestStates';
import { extent, requestTarget, timerWords } from '../explain/requestWords';
import { duration, operationLabel, resourceName } from '../explain/words';
import { printable } from '../model/printable';
import type { Request, Sample } from '../model/sample';

/** "READ /mnt/data/db". */
export function requestName(request: Request, sample: Sample): string {
  const what = requestTarget(sample, request) ?? likelyTarget(request, sample);
  const operation = operationLabel(printable(request.operation, 64));
  return what === undefined ? operation : `${operation} ${what}`;
}

/** The file of a request where the kernel does not say it and just one can be meant. */
function likelyTarget(request: Request, sample: Sample): string | undefined {
  const target =
    request.state === 'polling'
      ? onlyTarget(sample, request.operation)
      : request.worker !== undefined && carriedTarget(sample, request);
  return target ? resourceName(target, sample.process.pid) : undefined;
}

/** "running in a worker · 4,096 bytes at 0 · 31 s · worker 4245". */
export function requestLine(request: Request, sample: Sample): string {
  const { stage, age, worker, result, certainty } = request;
  return [
    stage === undefined ? stateWords(request, sample) : printable(stage, 200),
    extent(request),
    timerWords(request),
    age !== undefined && duration(age),
    worker !== undefined && carrierWords(worker, sample),
    typeof result === 'number' && `result ${result}`,
    certainty === 'ambiguous' && DOUBT,
  ]
    .filter(Boolean)
    .join(' · ');
}
