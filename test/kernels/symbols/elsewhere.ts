/** Inlined by the compilers of every kernel that is looked at, but a function of its own in other builds. */
const INLINED = `__fuse_request_send fuse_wait_on_folio_writeback fuse_sync_writes fuse_cache_read_iter
fuse_cache_write_iter ext4_dio_write_iter xfs_ilock_iocb filemap_update_page __inode_dio_wait dio_await_one
nbd_handle_cmd flock_lock_inode_wait posix_lock_inode_wait open_last_lookups lookup_open unix_stream_data_wait
inet_wait_for_connect sock_wait_for_wmem fanotify_get_response ep_poll do_poll do_freezer_trap do_jobctl_trap
io_wq_exit_workers __mutex_lock_common do_wait_for_common inet_csk_wait_for_connect exit_mm coredump_wait
do_coredump signalfd_dequeue d_wait_lookup wait_for_vfork_done seccomp_do_user_notification kvm_vcpu_block
wait_for_free_credits nlmclnt_block vsock_wait_data de_thread wait_reserve_ticket tls_wait_data nfs4_delay`;

/** Of modules that are no part of Linux. */
const MODULES = new Map([
  ['OpenZFS', 'zio_wait txg_wait_synced txg_wait_open dmu_tx_wait zfs_read zfs_write zil_commit'],
  ['Lustre', 'ptlrpc_queue_wait ptlrpc_set_wait ldlm_cli_enqueue cl_sync_io_wait'],
  ['GPFS', 'cxiWaitEventWait'],
  ['before-5.7', 'blk_mq_get_request'],
]);

/** Where a function is that none of the kernels has; empty where nobody knows. */
export function elsewhere(name: string): string[] {
  if (INLINED.split(/\s+/).includes(name)) return ['inlined'];
  return [...MODULES].filter(([, names]) => names.split(' ').includes(name)).map(([where]) => where);
}
