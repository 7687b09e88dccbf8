import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Arguments, Handler } from './answeringSession';
import { refused } from './errors';

const STEPS = ['next', 'stepIn', 'stepOut', 'stepBack', 'reverseContinue', 'goto', 'restartFrame'];
const CHANGES = ['setVariable', 'setExpression', 'writeMemory', 'terminateThreads'];

/** Requests of the protocol that a debugger which only looks has no answer to but a sentence. */
export const REFUSALS: readonly (readonly [command: string, handler: Handler])[] = [
  ...STEPS.map((step) => [step, refusing('There is no step to take.')] as const),
  ...CHANGES.map((change) => [change, refusing('Nothing of the process can be changed.')] as const),
  ['setBreakpoints', unverified],
  ['setFunctionBreakpoints', unverified],
];

function refusing(what: string): Handler {
  return () => {
    throw refused(what);
  };
}

/** Breakpoints of other debuggers in the same files: none of them can hold. */
function unverified({ breakpoints }: Arguments): DebugProtocol.SetBreakpointsResponse['body'] {
  const message =
    'io_uring Inspector never stops the process. Its own filters, under “Breakpoints”, stop the view instead.';
  const count = Array.isArray(breakpoints) ? breakpoints.length : 0;
  return { breakpoints: Array.from({ length: count }, () => ({ verified: false, message })) };
}
