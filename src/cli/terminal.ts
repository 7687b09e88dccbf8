import type { UserError } from '../model/errors';

export function useColor(): boolean {
  return process.stdout.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
}

export function columns(): number {
  return process.stdout.isTTY ? Math.min(process.stdout.columns ?? 100, 140) : 100;
}

/** Resolves once the text is handed on, so that a pipe gets all of it. */
export function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

export function complain({ what, why, remedy }: UserError): void {
  complainLine(`${what} ${why}${remedy === undefined ? '' : `\n${remedy}`}`);
}

export function complainLine(text: string): void {
  process.stderr.write(`inspect-io-uring: ${text}\n`);
}
