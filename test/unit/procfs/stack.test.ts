import { describe, expect, it } from 'vitest';
import { parseStack } from '../../../src/procfs/stack';

describe('parseStack', () => {
  it('reads frames innermost first, with their module', () => {
    expect(
      parseStack('[<0>] rpc_wait_bit_killable+0xd/0x70 [sunrpc]\n[<0>] __x64_sys_read+0x1a/0x20\n'),
    ).toEqual([
      { function: 'rpc_wait_bit_killable', offset: 13, size: 112, module: 'sunrpc' },
      { function: '__x64_sys_read', offset: 26, size: 32, module: null },
    ]);
  });

  it('keeps what the compiler appended to a name', () => {
    expect(
      parseStack('[<0>] do_pselect.constprop.0+0xc5/0x180\n[<0>] f.isra.0.cold+0x1/0x2\n'),
    ).toMatchObject([{ function: 'do_pselect.constprop.0' }, { function: 'f.isra.0.cold' }]);
  });

  it('reads addresses of old kernels, build ids and text without a last line feed', () => {
    expect(parseStack('[<ffffffff81234567>] pipe_wait+0x6f/0xc0 [fuse 0a1b2c3d4e]')).toEqual([
      { function: 'pipe_wait', offset: 0x6f, size: 0xc0, module: 'fuse' },
    ]);
  });

  it('leaves out unreliable frames, bare addresses and what is no frame', () => {
    const text =
      '[<0>] ? guess+0x1/0x2\n[<ffffffffffffffff>] 0xffffffffffffffff\nf+0x1/0x2\n[<0>] half+0x1\n';
    expect(parseStack(text)).toEqual([]);
  });

  it.each(['', '\n', '[<0>]', '[<0>] a+0x1/0x2 trailing\n'])('finds nothing in %j', (text) => {
    expect(parseStack(text)).toEqual([]);
  });
});
