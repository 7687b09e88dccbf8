import type { DebugProtocol } from '@vscode/debugprotocol';
import { FILTER_LIST } from './filters';

/** What the adapter does; all that stands not here it does not. */
export const CAPABILITIES: DebugProtocol.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsDelayedStackTraceLoading: true,
  supportsEvaluateForHovers: true,
  supportsCompletionsRequest: true,
  completionTriggerCharacters: [' '],
  supportsReadMemoryRequest: true,
  supportsExceptionInfoRequest: true,
  supportsExceptionFilterOptions: true,
  exceptionBreakpointFilters: FILTER_LIST,
  supportTerminateDebuggee: true,
  supportsTerminateRequest: true,
  supportsCancelRequest: true,
};
