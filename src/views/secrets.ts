/** The editor's secret storage, as far as it is used here. */
export interface SecretStore {
  get(key: string): Thenable<string | undefined>;
  store(key: string, value: string): Thenable<void>;
  delete(key: string): Thenable<void>;
}

/** The names of what is stored: the storage itself lists none. */
const INDEX = 'names';
const PREFIX = 'secret ';

/** Passwords and passphrases that the user wants to be remembered. Nowhere else is one kept. */
export class Secrets {
  constructor(private readonly storage: SecretStore) {}

  get(name: string): Thenable<string | undefined> {
    return this.storage.get(PREFIX + name);
  }

  async remember(name: string, secret: string): Promise<void> {
    // The name first: what is stored must always be found by who forgets it.
    const names = await this.names();
    if (!names.includes(name)) await this.storage.store(INDEX, JSON.stringify([...names, name]));
    await this.storage.store(PREFIX + name, secret);
  }

  async forget(name: string): Promise<void> {
    await this.storage.delete(PREFIX + name);
    const names = await this.names();
    if (!names.includes(name)) return;
    await this.storage.store(INDEX, JSON.stringify(names.filter((other) => other !== name)));
  }

  /** How many there were. */
  async forgetAll(): Promise<number> {
    const names = await this.names();
    for (const name of names) await this.storage.delete(PREFIX + name);
    await this.storage.delete(INDEX);
    return names.length;
  }

  private async names(): Promise<readonly string[]> {
    try {
      const names: unknown = JSON.parse((await this.storage.get(INDEX)) ?? '[]');
      return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
    } catch {
      return [];
    }
  }
}
