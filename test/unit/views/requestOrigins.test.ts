import { expect, it } from 'vitest';
import { requestDetails } from '../../../src/views/requestDetails';
import { requestTooltip } from '../../../src/views/requestTooltip';
import { exact, stuck } from './samples';

const request = exact({
  origin: [
    { kind: 'object', function: 'ReadOp', file: '/src/store.h', line: 12, found: 'user_data' },
    { kind: 'callback', function: 'on_block', file: '/src/store.c', line: 120, found: 'user_data + 16' },
  ],
});

it('a request’s row has the code it belongs to below it, step by step', () => {
  const sample = stuck({ requests: [request] });
  const rows = requestDetails(request, sample, () => ({ id: 'x', label: 'x' }));
  expect(rows.filter(({ id }) => id.startsWith('origin'))).toMatchObject([
    {
      id: 'origin-0',
      label: 'ReadOp',
      description: 'object · /src/store.h:12 · user_data',
      icon: { id: 'symbol-class' },
    },
    {
      id: 'origin-1',
      label: 'on_block()',
      description: 'callback · /src/store.c:120 · user_data + 16',
      icon: { id: 'symbol-function' },
    },
  ]);
});

it('a request’s tooltip says it in one sentence, with the whole paths', () => {
  const text = requestTooltip(request, stuck({ requests: [request] }), undefined);
  expect(text).toContain(
    '- belongs to: ` user_data points to a ReadOp whose callback is on_block() at store.c:120 `',
  );
  expect(text).toContain('` /src/store.c:120 `');
});
