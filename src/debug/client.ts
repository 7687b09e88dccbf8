import type { DebugProtocol } from '@vscode/debugprotocol';

/** What the client can do, and how it counts. */
export interface Client {
  readonly linesStartAt1: boolean;
  readonly columnsStartAt1: boolean;
  /** Paths are to be file:// URIs. */
  readonly uris: boolean;
  readonly pages: boolean;
  readonly terminals: boolean;
  readonly memory: boolean;
  readonly progress: boolean;
  readonly invalidates: boolean;
}

export function readClient(given: unknown): Client {
  const args: Partial<DebugProtocol.InitializeRequestArguments> =
    typeof given === 'object' && given !== null ? given : {};
  return {
    linesStartAt1: args.linesStartAt1 !== false,
    columnsStartAt1: args.columnsStartAt1 !== false,
    uris: args.pathFormat === 'uri',
    pages: args.supportsVariablePaging === true,
    terminals: args.supportsRunInTerminalRequest === true,
    memory: args.supportsMemoryReferences === true,
    progress: args.supportsProgressReporting === true,
    invalidates: args.supportsInvalidatedEvent === true,
  };
}
