import { describe, expect, it } from 'vitest';
import { outline } from '../../../src/views/node';
import { rootNodes } from '../../../src/views/nodes';
import { below, children, rowsOf } from './rows';
import { live, older } from './samples';

describe('contexts of Linux AIO in the tree', () => {
  it('have their requests and the threads inside their calls below them', () => {
    const text = outline(rootNodes([live(older())]), (node) => node.expanded === true);
    expect(text).toContain(`  Linux AIO contexts (2)
    context 1  6 pending · 2 completed, not collected · room for 126 (32 asked for)
      read /mnt/data/db  offset 0 · 4,096 bytes · data 0x1
      read /mnt/data/db  offset 8192 · 4,096 bytes · data 0x1
      poll of descriptor 7  data 0x1
      3 more requests pending, not listed
      server (4242)  waits in io_getevents for at least 4 completions
    context 2
`);
  });

  it('are what a finding leads to, also where the sample does not hold one', () => {
    const seen = below(children(below(rowsOf(older()), '6 requests')), 'Seen in');
    expect(children(seen).map(({ label }) => label)).toEqual(['context 1', 'Linux AIO context 9']);
  });
});
