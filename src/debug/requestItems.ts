import { aioRequestFacts, aioRequestName } from '../explain/aio';
import { cancelling } from '../explain/cancelling';
import { DOUBT } from '../explain/certainty';
import { originSteps } from '../explain/originWords';
import { bufferSlotOf, fileSlotOf, operandText } from '../explain/registered';
import { stateWords } from '../explain/requestStates';
import { timerWords } from '../explain/requestWords';
import { indexOf } from '../explain/sampleIndex';
import { duration } from '../explain/words';
import { printable } from '../model/printable';
import type { AioRequest, Request, Sample } from '../model/sample';
import { fact, type Item, list, memoryOf } from './items';
import { bufferSlotItem, fileSlotItem } from './registeredItems';
import { requestLine, requestName } from './requestLine';
import { descriptorItem } from './resourceItems';
import { taskItem } from './taskItems';

/** A request with what it asks for, who carries it and what it waits behind. */
export function requestItem(request: Request, sample: Sample, name = requestName(request, sample)): Item {
  const { userData, length } = request;
  const line = requestLine(request, sample);
  return {
    name,
    value: name === requestName(request, sample) ? line : `${requestName(request, sample)} · ${line}`,
    type: 'request',
    ...(length === 0 ? {} : memoryOf(request.address)),
    ...(userData !== undefined && /^0x[\da-f]{1,16}$/.test(userData)
      ? { evaluate: `request ${userData}` }
      : {}),
    below: { named: () => requestItems(request, sample) },
  };
}

/** A row of a list of requests. */
export function listedRequest(request: Request, sample: Sample, index: number): Item {
  return requestItem(request, sample, `[${index}]`);
}

/** All that is known of a request. */
export function requestItems(request: Request, sample: Sample): readonly Item[] {
  const { fd, worker, submitter, after, operands = [], origin, flags, certainty } = request;
  const { tasks } = indexOf(sample);
  const carrier = worker === undefined ? undefined : tasks.get(worker);
  const sender = submitter === undefined || submitter === worker ? undefined : tasks.get(submitter);
  const head = after === undefined ? undefined : sample.requests[after];
  const ending = cancelling(sample, request);
  const ring = sample.rings.find(({ id }) => id === request.ring);
  const slot = fileSlotOf(sample, request);
  return [
    ...fact('operation', request.operation),
    ...fact('stands', request.stage ?? stateWords(request, sample)),
    ...fact('for', request.age === undefined ? undefined : duration(request.age)),
    ...fact('timer', timerWords(request)),
    ...(typeof fd === 'number' && fd >= 0 ? [descriptorItem(fd, sample, 'file')] : []),
    ...(slot
      ? [fileSlotItem(slot, sample, `registered file ${slot.index}`)]
      : fact('registered file', request.fixedFile)),
    ...fact('path', request.path),
    ...fact('offset', request.offset),
    ...fact('length', request.length),
    ...addressFact('address', request.address),
    ...operands.flatMap((operand) => {
      const buffer = bufferSlotOf(sample, request, operand);
      if (buffer) return [bufferSlotItem(buffer, `registered buffer ${buffer.index}`)];
      return fact(operand.name, operandText(sample, request, operand), memoryOf(operand.value));
    }),
    ...fact('flags', flags && flags.length > 0 ? flags.join(' ') : undefined),
    ...addressFact('user_data', request.userData),
    ...list('belongs to', originSteps(origin), ({ role, name, place, found }, index) => ({
      name: `[${index}]`,
      value: [role, name, place && `at ${place}`, found && `(${found})`].filter(Boolean).join(' '),
    })),
    ...fact('buffer file', request.bufferFile),
    ...fact('result', request.result),
    ...(carrier ? [taskItem(carrier, sample, 'carried by')] : fact('carried by', worker)),
    ...(sender ? [taskItem(sender, sample, 'submitted by')] : []),
    ...(head
      ? [requestItem(head, sample, request.state === 'timeout' ? 'is the time limit of' : 'waits behind')]
      : []),
    ...fact('cancelling', ending && `it ${ending.text}`),
    ...fact('ring', ring ? `ring ${ring.id}` : undefined),
    ...fact('place in the order of submission', request.sequence),
    ...fact('how sure', certainty === 'ambiguous' ? `${DOUBT}: its user_data was used again` : certainty),
    ...fact('known from', request.sources.join(', ')),
  ];
}

function addressFact(name: string, value: string | undefined): readonly Item[] {
  return fact(name, value, memoryOf(value));
}

/** A pending request of Linux AIO. */
export function aioRequestItem(request: AioRequest, sample: Sample, name: string): Item {
  const facts = [aioRequestName(request), ...aioRequestFacts(request)].filter(Boolean);
  return {
    name,
    value: printable(facts.join(' · '), 300),
    type: 'request',
    ...memoryOf(request.iocb),
    below: { named: () => aioRequestItems(request, sample) },
  };
}

export function aioRequestItems(request: AioRequest, sample: Sample): readonly Item[] {
  const { fd } = request;
  return [
    ...fact('operation', request.operation),
    ...(fd === undefined ? [] : [descriptorItem(fd, sample, 'file')]),
    ...fact('path', request.path),
    ...fact('offset', request.offset),
    ...fact('length', request.length),
    ...addressFact('aio_data', request.userData),
    ...addressFact('iocb', request.iocb),
    ...fact('how sure', request.certainty),
  ];
}
