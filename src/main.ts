import type { activate as Activate } from './extension';

/**
 * dist/main.js: the doors in one bundle, for most of what they need is the same. Each is evaluated once it is asked for.
 * The editor loads this file, `inspect-io-uring` by way of src/cli/start.ts.
 */
export async function activate(...given: Parameters<typeof Activate>): Promise<ReturnType<typeof Activate>> {
  (await import('./views/language')).speakTheEditorsLanguage();
  return (await import('./extension')).activate(...given);
}

/** Runs the command line, whose arguments are those of the process. */
export async function runCommandLine(): Promise<void> {
  await import('./cli');
}

/** Serves DAP, as these arguments ask. */
export async function runAdapter(args: readonly string[]): Promise<void> {
  await (await import('./adapter')).runAdapter(args);
}
