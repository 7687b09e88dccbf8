import { describe, expect, it } from 'vitest';
import { Machine } from '../../../src/inspect/machine';
import { UserError } from '../../../src/model/errors';
import type { Target } from '../../../src/target/target';

function machine() {
  const log: string[] = [];
  let opened = 0;
  const it = new Machine(async () => {
    opened += 1;
    const label = `target ${opened}`;
    log.push(`open ${opened}`);
    return { label, dispose: () => log.push(`close ${label}`) } as unknown as Target;
  });
  return { it, log };
}

describe('the machine', () => {
  it('opens its target once, at the first use', async () => {
    const { it: host, log } = machine();
    expect(log).toEqual([]);
    const labels = await Promise.all([host.use(async (t) => t.label), host.use(async (t) => t.label)]);
    expect(labels).toEqual(['target 1', 'target 1']);
    expect(log).toEqual(['open 1']);
  });

  it('opens it anew after the probe was lost, and not after another error', async () => {
    const { it: host, log } = machine();
    const fail = (code: 'probe-gone' | 'no-such-process') =>
      host.use(async () => {
        throw new UserError(code, 'It failed.', 'It did.');
      });
    await expect(fail('no-such-process')).rejects.toThrow('It failed.');
    expect(await host.use(async ({ label }) => label)).toBe('target 1');
    await expect(fail('probe-gone')).rejects.toThrow('It failed.');
    expect(await host.use(async ({ label }) => label)).toBe('target 2');
    expect(log).toEqual(['open 1', 'close target 1', 'open 2']);
  });

  it('tries again after it could not be opened', async () => {
    let tries = 0;
    const host = new Machine(async () => {
      tries += 1;
      throw new UserError('probe-missing', 'The probe is missing.', 'It was not built.');
    });
    await expect(host.use(async () => 1)).rejects.toThrow('The probe is missing.');
    await expect(host.use(async () => 1)).rejects.toThrow('The probe is missing.');
    expect(tries).toBe(2);
  });

  it('closes its target when it is released', async () => {
    const { it: host, log } = machine();
    await host.use(async () => undefined);
    host.release();
    host.release();
    await Promise.resolve();
    expect(log).toEqual(['open 1', 'close target 1']);
  });
});
