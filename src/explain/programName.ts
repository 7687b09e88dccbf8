import type { ProcessSummary } from '../model/process';

/**
 * What people call a process. The kernel's name for it (comm) is that of its first thread, which some programs
 * change: every Node process is called "MainThread". Then the name of the executable comes first.
 */
export function programName({ name, command }: Pick<ProcessSummary, 'name' | 'command'>): string {
  const executable = executableOf(command);
  return executable === undefined || isNamedAfter(name, command) ? name : executable;
}

/** "server", or "node (MainThread)" where the first thread has a name of its own. */
export function programAndThread(process: Pick<ProcessSummary, 'name' | 'command'>): string {
  const program = programName(process);
  return program === process.name || process.name === '' ? program : `${program} (${process.name})`;
}

/** The kernel cuts a comm to 15 bytes. Scripts are called by their file, which stands second. */
function isNamedAfter(name: string, command: readonly string[]): boolean {
  if (name === '') return false;
  return command
    .slice(0, 2)
    .some((word) => baseName(word).startsWith(name) || baseName(first(word)) === name);
}

/** The first argument without its folders; undefined where a program has written something else there. */
function executableOf([path = '']: readonly string[]): string | undefined {
  if (path.includes(' ')) return undefined;
  const name = baseName(path);
  return /^[\w.+@-]{1,64}$/.test(name) ? name : undefined;
}

/** A login shell's first argument begins with a dash. */
function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/^-/, '');
}

/** Some programs write their whole command line, or a title (“nginx: master process”), into the first argument. */
function first(word: string): string {
  return (word.split(' ', 1)[0] ?? '').replace(/:$/, '');
}
