/** Names shared by package.json and the code; test/unit/views/contributions.test.ts holds them together. */

export const SECTION = 'ioUringInspector';

export const COMMANDS = {
  inspect: 'ioUringInspector.inspect',
  inspectOnHost: 'ioUringInspector.inspectOnHost',
  inspectWithSudo: 'ioUringInspector.inspectWithSudo',
  tryAgain: 'ioUringInspector.tryAgain',
  disconnect: 'ioUringInspector.disconnect',
  forgetSecrets: 'ioUringInspector.forgetSecrets',
  attachByPid: 'ioUringInspector.attachByPid',
  showAllProcesses: 'ioUringInspector.showAllProcesses',
  refresh: 'ioUringInspector.refresh',
  refreshAll: 'ioUringInspector.refreshAll',
  pause: 'ioUringInspector.pause',
  resume: 'ioUringInspector.resume',
  copyAsText: 'ioUringInspector.copyAsText',
  saveSample: 'ioUringInspector.saveSample',
  openSample: 'ioUringInspector.openSample',
  exportAs: 'ioUringInspector.export',
  showTimeline: 'ioUringInspector.showTimeline',
  startTracing: 'ioUringInspector.startTracing',
  stopTracing: 'ioUringInspector.stopTracing',
  searchKernel: 'ioUringInspector.searchKernel',
  stop: 'ioUringInspector.stop',
  learnMore: 'ioUringInspector.learnMore',
  goToSource: 'ioUringInspector.goToSource',
  copyStack: 'ioUringInspector.copyStack',
  showRow: 'ioUringInspector.showRow',
  goToKernelSource: 'ioUringInspector.goToKernelSource',
  pickProcess: 'ioUringInspector.pickProcess',
  inspectDebuggee: 'ioUringInspector.inspectDebuggee',
  showDebuggee: 'ioUringInspector.showDebuggee',
  frameToKernelSource: 'ioUringInspector.frameToKernelSource',
  followThere: 'ioUringInspector.followThere',
  showInCallStack: 'ioUringInspector.showInCallStack',
} as const;

/** Of debug configurations. */
export const DEBUG_TYPE = 'io_uring';
/** What a configuration says where the user is to pick the process. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: the editor puts the command's answer in its place.
export const PICK_PROCESS = '${command:pickProcess}';

export const VIEW_CONTAINER = 'ioUringInspector';
export const VIEW = 'ioUringInspector.inspection';
/** The type of the timeline's panels. */
export const TIMELINE = 'ioUringInspector.timeline';
/** In Run and Debug: the process of another debug session. */
export const DEBUGGEE_VIEW = 'ioUringInspector.debuggee';
/** The editor makes this command for every view. */
export const FOCUS_VIEW = `${VIEW}.focus`;

/** Relative to SECTION. */
export const SETTINGS = {
  autoRefresh: 'autoRefresh',
  refreshInterval: 'refreshInterval',
  probePath: 'probePath',
  kernelMemory: 'kernelMemory',
  processMemory: 'processMemory',
  sources: 'sources.enabled',
  debuginfodUrls: 'debuginfod.urls',
  debuginfodEnvironment: 'debuginfod.useEnvironment',
  hosts: 'hosts',
  keepProbe: 'keepProbe',
  remoteProbePath: 'remoteProbePath',
  sourceFileMap: 'sourceFileMap',
  marks: 'marks',
  codeLens: 'codeLens',
  followDebuggee: 'followDebuggee',
  kernelSource: 'kernelSource',
  kernelLink: 'kernelLink',
  traceSeconds: 'traceSeconds',
} as const;

/** Context keys for `when` and `enablement` clauses. */
export const CONTEXTS = {
  /** Something stands in the tree. */
  inspecting: 'ioUringInspector.inspecting',
  /** A process of the tree can be paused, or resumed. */
  live: 'ioUringInspector.live',
  paused: 'ioUringInspector.paused',
  /** A process of the tree is being traced. */
  tracing: 'ioUringInspector.tracing',
  /** A host that is not this machine stands in the tree; the way to one is lost. */
  elsewhere: 'ioUringInspector.elsewhere',
  lost: 'ioUringInspector.lost',
  /** Another debug session is there, and its process is to be followed. */
  following: 'ioUringInspector.following',
  /** A debug session of ours is there, focused or not. */
  debugging: 'ioUringInspector.debugging',
} as const;

/** `contextValue` of a root row is this and the state: `inspection.live`. */
export const ROOT_CONTEXT = 'inspection';
/** `contextValue` of the row of what is being traced, and of what was. */
export const TRACING_CONTEXT = 'tracing';
export const TRACED_CONTEXT = 'traced';
/** `contextValue` of a host's row is this and its state: `host.lost`. */
export const HOST_CONTEXT = 'host';
/** `contextValue` of a row that counts requests without rows. */
export const UNLISTED_CONTEXT = 'unlisted';
/** `contextValue` of a row that has a line of the program's source, and of one that has a stack but no line. */
export const SOURCE_CONTEXT = 'source';
export const STACK_CONTEXT = 'stack';

/** Colours of the marks in the editor. */
export const COLORS = {
  stuck: 'ioUringInspector.stuckForeground',
  waiting: 'ioUringInspector.waitingForeground',
} as const;
/** `contextValue` of a frame of a kernel stack. */
export const KERNEL_FRAME_CONTEXT = 'kernelFrame';
