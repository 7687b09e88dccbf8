import { diskLine, diskNamed } from '../explain/disks';
import { indexOf } from '../explain/sampleIndex';
import { waitingCode } from '../explain/waitingCode';
import { printable } from '../model/printable';
import type { Evidence, Finding, Sample } from '../model/sample';
import { fact, type Item, list } from './items';
import { requestItem } from './requestItems';
import { descriptorItem } from './resourceItems';
import { aioItem, ringItem } from './ringItems';
import { findingLabel } from './sessionWords';
import { taskItem } from './taskItems';

/** A finding with why, what to do, and what it was seen in. */
export function findingItem(finding: Finding, sample: Sample, name = findingLabel(finding)): Item {
  const { summary, explanation, remedy, evidence, tag, severity, stuck } = finding;
  return {
    name,
    value: printable(summary, 1000),
    type: printable(severity, 16),
    below: {
      named: () => [
        ...fact('why', explanation),
        ...fact('where in the program', waitingCode(sample, finding)),
        ...fact('what to do', remedy),
        ...list('seen in', evidence, (one, index) => proof(one, sample, `[${index}]`)),
        ...fact('requests stuck', stuck),
        ...fact('tag', tag),
      ],
    },
  };
}

/** Those that show a thing; where none does, all of the process. */
export function findingsAbout(
  sample: Sample,
  shows: (evidence: Evidence) => boolean,
): { readonly about: boolean; readonly findings: readonly Finding[] } {
  const own = sample.findings.filter(({ evidence }) => evidence.some(shows));
  return own.length > 0 ? { about: true, findings: own } : { about: false, findings: sample.findings };
}

function proof(one: Evidence, sample: Sample, name: string): Item {
  if ('task' in one) {
    const task = indexOf(sample).tasks.get(one.task);
    return task ? taskItem(task, sample, name) : { name, value: `thread ${one.task}` };
  }
  if ('request' in one) {
    const request = sample.requests[one.request];
    return request ? requestItem(request, sample, name) : { name, value: `request ${one.request}` };
  }
  if ('ring' in one) {
    const ring = sample.rings.find(({ id }) => id === one.ring);
    return ring ? ringItem(ring, sample, name) : { name, value: `ring ${one.ring}` };
  }
  if ('aio' in one) {
    const context = sample.aio?.find(({ id }) => id === one.aio);
    return context ? aioItem(context, sample, name) : { name, value: `Linux AIO context ${one.aio}` };
  }
  if ('fd' in one) return descriptorItem(one.fd, sample, name);
  const device = diskNamed(sample.devices ?? [], one.device);
  return { name, value: device ? diskLine(device) : printable(`block device ${one.device}`, 100) };
}
