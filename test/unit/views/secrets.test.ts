import { describe, expect, it } from 'vitest';
import { type SecretStore, Secrets } from '../../../src/views/secrets';

function storage(): SecretStore & { readonly kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    get: async (key) => kept.get(key),
    store: async (key, value) => void kept.set(key, value),
    delete: async (key) => void kept.delete(key),
  };
}

describe('stored secrets', () => {
  it('come back by their name, from a window to the next', async () => {
    const store = storage();
    await new Secrets(store).remember('ssh password deploy@db1:22', 'open sesame');
    expect(await new Secrets(store).get('ssh password deploy@db1:22')).toBe('open sesame');
    expect(await new Secrets(store).get('ssh password deploy@db2:22')).toBeUndefined();
  });

  it('are all found by who forgets them, and leave nothing', async () => {
    const store = storage();
    const secrets = new Secrets(store);
    await secrets.remember('a', '1');
    await secrets.remember('b', '2');
    await secrets.remember('a', '3');
    await secrets.forget('b');
    expect(await secrets.get('b')).toBeUndefined();
    expect(await secrets.forgetAll()).toBe(1);
    expect(store.kept.size).toBe(0);
    expect(await secrets.forgetAll()).toBe(0);
  });

  it('cannot take the place of the list of their names', async () => {
    const secrets = new Secrets(storage());
    await secrets.remember('names', 'x');
    await secrets.remember('other', 'y');
    expect([await secrets.get('names'), await secrets.forgetAll()]).toEqual(['x', 2]);
  });
});
