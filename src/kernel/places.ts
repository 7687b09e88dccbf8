/**
 * What the walk reads, by the kernel's names: `structure.member`, newest kernels first, alternatives behind `|`. A member
 * that must be of a certain structure has it behind `:`. Checked against the types of 5.15's io_uring (in Debian's
 * 5.10), 6.1, 6.12, 6.18 and 7.2.
 */

/** Without one of these there is no walk. */
export const NEEDED = {
  taskPid: 'task_struct.pid',
  taskTgid: 'task_struct.tgid',
  taskPidPointer: 'task_struct.thread_pid',
  taskPidLinks: 'task_struct.pid_links',
  taskThreadNode: 'task_struct.thread_node',
  taskStartTime: 'task_struct.start_boottime | task_struct.real_start_time',
  taskExecId: 'task_struct.self_exec_id',
  taskMemory: 'task_struct.mm',
  taskFiles: 'task_struct.files',
  taskSignal: 'task_struct.signal',
  taskIoUring: 'task_struct.io_uring',
  taskExecStart: 'task_struct.se.exec_start',
  signalThreads: 'signal_struct.thread_head',
  pidTasks: 'pid.tasks',
  pidLevel: 'pid.level',
  pidNumbers: 'pid.numbers',
  filesTable: 'files_struct.fdt',
  tableSize: 'fdtable.max_fds',
  tableFiles: 'fdtable.fd',
  filePrivate: 'file.private_data',
  fileInode: 'file.f_inode',
  inodeNumber: 'inode.i_ino',
  inodePrivate: 'inode.i_private',

  tctxWq: 'io_uring_task.io_wq',

  ringFlags: 'io_ring_ctx.flags',
  ringSqHead: 'io_ring_ctx.cached_sq_head',
  ringSqEntries: 'io_ring_ctx.sq_entries',
  ringCqTail: 'io_ring_ctx.cached_cq_tail',
  ringCqEntries: 'io_ring_ctx.cq_entries',
  ringSqThread: 'io_ring_ctx.sq_data',
  ringTasks: 'io_ring_ctx.tctx_list',
  nodeOfRing: 'io_tctx_node.ctx_node',
  nodeTask: 'io_tctx_node.task',
  sqThreadTask: 'io_sq_data.thread',

  requestOpcode: 'io_kiocb.opcode',
  requestUserData: 'io_kiocb.cqe.user_data | io_kiocb.user_data',
  requestFlags: 'io_kiocb.flags',
  requestRing: 'io_kiocb.ctx',
  requestFile: 'io_kiocb.file',
  requestLink: 'io_kiocb.link',
  requestWork: 'io_kiocb.work',
  requestHash: 'io_kiocb.hash_node',
  requestTaskWork: 'io_kiocb.io_task_work.node',
  workList: 'io_wq_work.list',
  workFlags: 'io_wq_work.flags',
  workerTask: 'io_worker.task',
  workerWork: 'io_worker.cur_work',
  workerNode: 'io_worker.all_list',
} as const;

/**
 * What the walk does without, and then names as not visible. `? structure`: only kernels that have the structure have
 * the member; `?` alone: its absence says nothing, see ONE_OF.
 */
export const OPTIONAL = {
  /** 6.9+: a pidfd is a file of its own file system, and its inode holds the pid. */
  pidInode: 'pid.ino ?',
  /** At its end lie the registers that the program had when it entered the kernel. */
  taskStack: 'task_struct.stack ?',

  /** 5.18+. */
  tctxRings: 'io_uring_task.registered_rings ?',
  tctxWork: 'io_uring_task.task_list:llist_head | io_uring_task.task_list:io_wq_work_list ?',
  /** 5.16–6.0: work that goes before the other. */
  tctxPriorWork: 'io_uring_task.prior_task_list | io_uring_task.prior_task_work_list ?',
  /** 7.1+: the consumer's end of a queue, and the queue's own node in it. */
  tctxWorkHead: 'io_uring_task.task_head ?',
  tctxWorkStub: 'io_uring_task.task_list.stub ?',
  ringWorkHead: 'io_ring_ctx.work_head ?',
  ringWorkStub: 'io_ring_ctx.work_list.stub ?',

  /** 6.16+. */
  ringAllocated: 'io_ring_ctx.nr_req_allocated ?',
  ringFree: 'io_ring_ctx.submit_state.free_list:io_wq_work_node ?',
  /** Up to 6.7: freed without the ring's lock. */
  ringLockedFree: 'io_ring_ctx.locked_free_list:io_wq_work_list ?',
  ringFinishing: 'io_ring_ctx.submit_state.compl_reqs:io_wq_work_list ?',
  ringAssembling: 'io_ring_ctx.submit_state.link.head',
  ringSubmitter: 'io_ring_ctx.submitter_task ?',
  ringFiles: 'io_ring_ctx.file_table.data.nr | io_ring_ctx.nr_user_files',
  ringBuffers: 'io_ring_ctx.buf_table.nr | io_ring_ctx.nr_user_bufs',
  /** 6.13+: an array of nodes; before: of files. */
  ringFileNodes: 'io_ring_ctx.file_table.data.nodes ?',
  ringFixedFiles: 'io_ring_ctx.file_table.files ?',
  nodeFile: 'io_rsrc_node.file_ptr ?',
  /** What a file is that has no descriptor. */
  inodeMode: 'inode.i_mode',
  fileDentry: 'file.f_path.dentry',
  dentryName: 'dentry.d_name.name',
  /** 6.13+: an array of nodes; before: of buffers. */
  ringBufferNodes: 'io_ring_ctx.buf_table.nodes ?',
  ringFixedBuffers: 'io_ring_ctx.user_bufs ?',
  nodeBuffer: 'io_rsrc_node.buf ?',
  bufferAddress: 'io_mapped_ubuf.ubuf',
  /** 6.12+; before: where it ends. */
  bufferLength: 'io_mapped_ubuf.len ?',
  bufferEnd: 'io_mapped_ubuf.ubuf_end ?',
  bufferPieces: 'io_mapped_ubuf.nr_bvecs',
  bufferShift: 'io_mapped_ubuf.folio_shift ?',
  bufferHolders: 'io_mapped_ubuf.refs ?',
  /** 6.15+; 7.x. */
  bufferOfKernel: 'io_mapped_ubuf.is_kbuf ?',
  bufferFlags: 'io_mapped_ubuf.flags ?',
  /** Groups of provided buffers: an xarray, and up to 6.9 an array of the first 64 as well. */
  ringGroups: 'io_ring_ctx.io_bl_xa.xa_head ?',
  ringFirstGroups: 'io_ring_ctx.io_bl ?',
  treeSlots: 'xa_node.slots ?',
  groupNumber: 'io_buffer_list.bgid ? io_buffer_list',
  groupRing: 'io_buffer_list.buf_ring ? io_buffer_list',
  groupHead: 'io_buffer_list.head ? io_buffer_list',
  groupMask: 'io_buffer_list.mask ? io_buffer_list',
  groupFlags: 'io_buffer_list.flags ?',
  groupEntries: 'io_buffer_list.nr_entries ?',
  groupCount: 'io_buffer_list.nbufs ?',

  ringPolls: 'io_ring_ctx.cancel_table.hbs | io_ring_ctx.cancel_hash',
  ringPollBits: 'io_ring_ctx.cancel_table.hash_bits | io_ring_ctx.cancel_hash_bits',
  /** 6.0–6.12. */
  ringLockedPolls: 'io_ring_ctx.cancel_table_locked.hbs ?',
  ringLockedPollBits: 'io_ring_ctx.cancel_table_locked.hash_bits ?',
  bucketList: 'io_hash_bucket.list ? io_hash_bucket',
  ringTimeouts: 'io_ring_ctx.timeout_list',
  ringLinkTimeouts: 'io_ring_ctx.ltimeout_list',
  ringDeferred: 'io_ring_ctx.defer_list',
  ringWaitids: 'io_ring_ctx.waitid_list ? io_waitid',
  ringFutexes: 'io_ring_ctx.futex_list ? io_futex',
  ringCommands: 'io_ring_ctx.cancelable_uring_cmd ?',
  ringWork: 'io_ring_ctx.work_llist:llist_head ?',
  ringRetryWork: 'io_ring_ctx.retry_llist ?',
  ringFallbackWork: 'io_ring_ctx.fallback_llist ?',
  ringIopoll: 'io_ring_ctx.iopoll_list:io_wq_work_list ?',
  ringIopollCircle: 'io_ring_ctx.iopoll_list:list_head ?',
  ringOverflow: 'io_ring_ctx.cq_overflow_list',
  deferredNode: 'io_defer_entry.list',
  deferredRequest: 'io_defer_entry.req',
  overflowNode: 'io_overflow_cqe.list',
  overflowCqe: 'io_overflow_cqe.cqe',

  /** 6.3+: one io-wq; before: one for each memory node. */
  wqAccounts: 'io_wq.acct ? io_wq_acct',
  wqNodes: 'io_wq.wqes ? io_wqe',
  wqNodeAccounts: 'io_wqe.acct ? io_wqe',
  wqNodeWq: 'io_wqe.wq ? io_wqe',
  /** 6.15+; 6.3–6.14; before. */
  accountWorkerList: 'io_wq_acct.all_list ?',
  wqWorkerList: 'io_wq.all_list ?',
  wqNodeWorkerList: 'io_wqe.all_list ? io_wqe',
  accountWorkers: 'io_wq_acct.nr_workers | io_wqe_acct.nr_workers',
  accountLimit: 'io_wq_acct.max_workers | io_wqe_acct.max_workers',
  accountQueue: 'io_wq_acct.work_list | io_wqe_acct.work_list',
  /** Up to 6.14. */
  workerNext: 'io_worker.next_work ?',

  requestTctx: 'io_kiocb.tctx ?',
  requestTask: 'io_kiocb.task ?',
  /** 5.19+: the number the SQE gave, until the completion's flags take its place. */
  requestFd: 'io_kiocb.cqe.fd ?',
  requestFileNode: 'io_kiocb.file_node ?',
  /** Which list hangs on it: 5.16+, 7.2+, up to 5.15. */
  requestFreeNode: 'io_kiocb.comp_list ?',
  requestIopollNode: 'io_kiocb.iopoll_node | io_kiocb.inflight_entry ?',
  requestAsyncData: 'io_kiocb.async_data',

  rwPosition: 'io_rw.kiocb.ki_pos',
  rwAddress: 'io_rw.addr',
  rwLength: 'io_rw.len',
  messageBuffer: 'io_sr_msg.buf',
  messageLength: 'io_sr_msg.len',
  messageNotification: 'io_sr_msg.notif ?',
  syncOffset: 'io_sync.off',
  syncLength: 'io_sync.len',
  openDirectory: 'io_open.dfd',
  openName: 'io_open.filename',
  openFlags: 'io_open.how.flags',
  filenameText: 'filename.name',
  renameName: 'io_rename.oldpath',
  renameNewName: 'io_rename.newpath',
  renameDirectory: 'io_rename.old_dfd',
  renameNewDirectory: 'io_rename.new_dfd',
  unlinkName: 'io_unlink.filename',
  unlinkDirectory: 'io_unlink.dfd',
  mkdirName: 'io_mkdir.filename',
  mkdirDirectory: 'io_mkdir.dfd',
  /** 6.0+, symlinks, too. */
  linkName: 'io_link.oldpath ? io_link',
  linkNewName: 'io_link.newpath ? io_link',
  linkDirectory: 'io_link.old_dfd ? io_link',
  linkNewDirectory: 'io_link.new_dfd ? io_link',
  statName: 'io_statx.filename',
  statDirectory: 'io_statx.dfd',
  attributeName: 'io_xattr.filename ? io_xattr',
  spliceFrom: 'io_splice.splice_fd_in',
  spliceLength: 'io_splice.len',
  spliceFlags: 'io_splice.flags',
  connectAddress: 'io_connect.addr',
  acceptAddress: 'io_accept.addr',
  closeFd: 'io_close.fd',
  epollFd: 'io_epoll.epfd',
  pollEvents: 'io_poll.events | io_poll_iocb.events',
  futexAddress: 'io_futex.uaddr ? io_futex',
  futexValue: 'io_futex.futex_val ? io_futex',
  futexCount: 'io_futex.futex_nr ? io_futex',
  waitidKind: 'io_waitid.which ? io_waitid',
  waitidId: 'io_waitid.upid ? io_waitid',
  commandNumber: 'io_uring_cmd.cmd_op ? io_uring_cmd',
  timeoutNode: 'io_timeout.list',
  timeoutCount: 'io_timeout.off',
  timeoutHead: 'io_timeout.head',
  timerExpires: 'io_timeout_data.timer.node.expires',
  timerBase: 'io_timeout_data.timer.base',
  timerSpan: 'io_timeout_data.ts | io_timeout_data.time',
  timerMode: 'io_timeout_data.mode',
  clockOffset: 'hrtimer_clock_base.offset',
  clockProcessor: 'hrtimer_clock_base.cpu_base',
  processorClocks: 'hrtimer_cpu_base.clock_base',

  /** Linux AIO: contexts by their place in a table of the process (CONFIG_AIO). */
  aioTable: 'mm_struct.ioctx_table ?',
  aioTableSize: 'kioctx_table.nr ?',
  aioTableSlots: 'kioctx_table.table ?',
  aioAddress: 'kioctx.user_id ?',
  aioCounters: 'kioctx.cpu ?',
  aioAsked: 'kioctx.max_reqs ?',
  aioEvents: 'kioctx.nr_events ?',
  aioAvailable: 'kioctx.reqs_available ?',
  aioCompleted: 'kioctx.completed_events ?',
  aioTail: 'kioctx.tail ?',
  aioCancellable: 'kioctx.active_reqs ?',
  aioDead: 'kioctx.dead ?',
  aioRequestFile: 'aio_kiocb.ki_filp ?',
  aioRequestContext: 'aio_kiocb.ki_ctx ?',
  aioRequestIocb: 'aio_kiocb.ki_res.obj ?',
  aioRequestData: 'aio_kiocb.ki_res.data ?',
  aioRequestNode: 'aio_kiocb.ki_list ?',
  aioRequestCount: 'aio_kiocb.ki_refcnt ?',
  aioRequestPosition: 'aio_kiocb.rw.ki_pos ?',

  /** From a task to the run queue of each processor, and so to the processors' own memory. */
  taskGroup: 'task_struct.sched_task_group ?',
  groupQueues: 'task_group.cfs_rq ?',
  queueProcessor: 'cfs_rq.rq ?',
  processorNumber: 'rq.cpu ?',

  /** Who froze a file system: 6.6+ as bits, later as counts; and how often through its disk (5.18+). */
  inodeSuper: 'inode.i_sb ?',
  superFrozen: 'super_block.s_writers.frozen ?',
  superProgramFreezes: 'super_block.s_writers.freeze_ucount ?',
  superKernelFreezes: 'super_block.s_writers.freeze_kcount ?',
  superFreezers: 'super_block.s_writers.freeze_holders ?',
  superDisk: 'super_block.s_bdev ?',
  diskFreezes: 'block_device.bd_fsfreeze_count ?',

  /** Only for the search of the slabs. */
  slabCache: 'slab.slab_cache | page.slab_cache',
  cacheName: 'kmem_cache.name',
  cacheList: 'kmem_cache.list',
  cacheObjectSize: 'kmem_cache.size',
  cacheOrder: 'kmem_cache.oo',
  /** 6.14+. */
  ringPages: 'io_ring_ctx.ring_region.pages ?',
  ringMemory: 'io_ring_ctx.ring_region.ptr ?',
  submissionPages: 'io_ring_ctx.sq_region.pages ?',
  submissionMemory: 'io_ring_ctx.sq_region.ptr ?',
} as const;

/** Different shapes of the same thing: a kernel without any of a row hides it. */
export const ONE_OF: readonly (readonly OptionalPlace[])[] = [
  ['tctxWork', 'tctxWorkHead'],
  ['ringIopoll', 'ringIopollCircle'],
  ['wqAccounts', 'wqNodeAccounts'],
  ['accountWorkerList', 'wqWorkerList', 'wqNodeWorkerList'],
  ['requestTctx', 'requestTask'],
  ['ringFileNodes', 'ringFixedFiles'],
  ['ringBufferNodes', 'ringFixedBuffers'],
  ['bufferLength', 'bufferEnd'],
];

/** Structures whose size is needed: of records, of table entries. The first one found counts. */
export const SIZES = {
  request: ['io_kiocb'],
  ring: ['io_ring_ctx'],
  tctx: ['io_uring_task'],
  wq: ['io_wq'],
  wqNode: ['io_wqe'],
  account: ['io_wq_acct', 'io_wqe_acct'],
  worker: ['io_worker'],
  bucket: ['io_hash_bucket'],
  timer: ['io_timeout_data'],
  clock: ['hrtimer_clock_base'],
  deferred: ['io_defer_entry'],
  overflow: ['io_overflow_cqe'],
  ringNode: ['io_tctx_node'],
  buffer: ['io_mapped_ubuf'],
  bufferGroup: ['io_buffer_list'],
  page: ['page'],
  cache: ['kmem_cache'],
  aioContext: ['kioctx'],
  aioRequest: ['aio_kiocb'],
} as const;

/** Variables that each processor has of its own: bytes from the start of their section. Absent where the types do not tell (5.10, arm64). */
export const PER_PROCESSOR = {
  runQueue: 'runqueues',
  /** What is to be added to the address of any such variable (x86). */
  offset: 'this_cpu_off',
} as const;

export type NeededPlace = keyof typeof NEEDED;
export type OptionalPlace = keyof typeof OPTIONAL;
export type Structure = keyof typeof SIZES;
export type PerProcessor = keyof typeof PER_PROCESSOR;
