import type { DebugProtocol } from '@vscode/debugprotocol';

export const CAPABILITIES: DebugProtocol.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsDelayedStackTraceLoading: true,
  supportTerminateDebuggee: true,
  supportsTerminateRequest: true,
  supportsCancelRequest: true,
};
