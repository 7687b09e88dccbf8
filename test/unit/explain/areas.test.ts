import { describe, expect, it } from 'vitest';
import type { Cause } from '../../../src/explain/functions/entry';
import { blockingFrame } from '../../../src/explain/functions/table';
import { stackOf } from '../samples';

/** Stacks as the kernel's own reports of hung tasks have them, of areas that no test machine can stage; innermost first. */
const AREAS: readonly (readonly [area: string, stack: string, subsystem: RegExp, cause: Cause])[] = [
  [
    'NFS',
    'rpc_wait_bit_killable __rpc_execute rpc_run_task nfs4_call_sync_sequence',
    /NFS/,
    'network file system',
  ],
  [
    'NFS commit',
    'folio_wait_bit folio_wait_writeback nfs_wb_folio nfs_write_begin generic_perform_write',
    /NFS/,
    'network file system',
  ],
  [
    'NFS delay',
    'nfs4_handle_exception nfs4_proc_getattr __nfs_revalidate_inode',
    /NFS/,
    'network file system',
  ],
  ['NFS lock', 'nlmclnt_wait nlmclnt_proc nfs3_proc_lock do_setlk', /NFS lock/, 'lock'],
  ['CIFS', 'wait_for_response compound_send_recv cifs_send_recv SMB2_open', /CIFS/, 'network file system'],
  [
    'CIFS reconnect',
    'cifs_wait_for_server_reconnect smb2_reconnect smb2_plain_req_init',
    /CIFS/,
    'network file system',
  ],
  ['Ceph', 'ceph_mdsc_wait_request ceph_mdsc_do_request ceph_lookup', /Ceph/, 'network file system'],
  ['Ceph capabilities', '__ceph_get_caps ceph_get_caps ceph_write_iter', /Ceph/, 'network file system'],
  [
    'netfs',
    'netfs_wait_for_read netfs_unbuffered_read_iter_locked vfs_read',
    /network file system/,
    'network file system',
  ],
  ['9p', 'p9_client_rpc p9_client_walk v9fs_vfs_lookup', /9p/, 'network file system'],
  [
    'AFS',
    'afs_wait_for_call_to_complete afs_wait_for_operation afs_fetch_data',
    /AFS/,
    'network file system',
  ],
  ['automount', 'autofs_wait autofs_mount_wait autofs_d_automount', /automounter/, 'helper'],
  ['module', 'call_usermodehelper_exec __request_module dev_load', /kernel helper/, 'helper'],
  ['Lustre', 'ptlrpc_set_wait ptlrpc_queue_wait ldlm_cli_enqueue', /Lustre/, 'network file system'],
  ['ZFS', 'cv_wait_common zio_wait dmu_buf_hold_array_by_dnode zfs_read', /ZFS/, 'device'],
  ['GFS2', 'bit_wait gfs2_glock_wait gfs2_glock_nq gfs2_permission', /cluster/, 'lock'],
  ['F2FS', 'f2fs_issue_checkpoint f2fs_sync_fs sync_filesystem', /F2FS/, 'writeback'],
  ['SquashFS', 'squashfs_cache_get squashfs_read_metadata', /SquashFS/, 'device'],
  ['btrfs space', 'handle_reserve_ticket __reserve_bytes btrfs_reserve_metadata_bytes', /btrfs/, 'writeback'],
  ['btrfs tree', '__btrfs_tree_lock btrfs_lock_root_node btrfs_search_slot', /btrfs/, 'writeback'],
  [
    'md raid1',
    'wait_barrier raid1_write_request raid1_make_request md_handle_request md_submit_bio',
    /md RAID/,
    'device',
  ],
  ['md raid10', 'regular_request_wait raid10_write_request raid10_make_request', /md RAID/, 'device'],
  ['md raid5', 'raid5_get_active_stripe raid5_make_request md_handle_request', /md RAID/, 'device'],
  ['md suspended', 'md_handle_request md_submit_bio __submit_bio submit_bio_noacct', /md RAID/, 'device'],
  ['dm-bufio', '__wait_for_free_buffer new_read dm_bufio_new', /device mapper/, 'device'],
  ['dm-crypt', 'crypt_alloc_buffer kcryptd_crypt_write_convert', /dm-crypt/, 'device'],
  ['bcache', '__closure_sync cached_dev_submit_bio', /bcache/, 'device'],
  ['DRBD', 'drbd_al_begin_io __drbd_make_request drbd_submit_bio', /DRBD/, 'device'],
  ['NVMe', 'blk_execute_rq nvme_submit_user_cmd nvme_user_cmd nvme_ioctl', /block layer|NVMe/, 'device'],
  ['SCSI', 'scsi_block_when_processing_errors sd_open blkdev_get_whole', /SCSI/, 'device'],
  ['eMMC', 'mmc_wait_for_req_done mmc_wait_for_req mmc_blk_ioctl_cmd', /storage driver/, 'device'],
  ['block throttle', 'rq_qos_wait wbt_wait __rq_qos_throttle blk_mq_submit_bio', /throttle/, 'device'],
  ['io.cost', 'ioc_rqos_throttle __rq_qos_throttle blk_mq_submit_bio', /cgroup I\/O cost/, 'throttled'],
  ['memory.high', '__mem_cgroup_handle_over_high resume_user_mode_work', /cgroup memory/, 'throttled'],
  ['reclaim', 'reclaim_throttle shrink_node do_try_to_free_pages try_to_free_pages', /reclaim/, 'memory'],
  ['compaction', 'compact_zone try_to_compact_pages __alloc_pages_direct_compact', /compaction/, 'memory'],
  [
    'page migration',
    'migration_entry_wait_on_locked migration_entry_wait do_swap_page',
    /migration/,
    'memory',
  ],
  ['huge pages', 'hugetlb_fault handle_mm_fault exc_page_fault', /huge pages/, 'lock'],
  ['cgroup move', 'percpu_rwsem_wait cgroup_css_set_fork copy_process kernel_clone', /cgroup/, 'lock'],
  ['RTNL', 'rtnetlink_rcv_msg netlink_rcv_skb netlink_unicast', /network configuration/, 'lock'],
  ['cgroup lock', 'cgroup_kn_lock_live __cgroup_procs_write cgroup_procs_write', /cgroup/, 'lock'],
  ['mount table', 'path_mount __x64_sys_mount do_syscall_64', /mount table/, 'lock'],
  ['TLS', 'wait_woken tls_rx_rec_wait tls_sw_recvmsg inet_recvmsg', /TLS/, 'peer'],
  ['MPTCP', 'wait_woken mptcp_recvmsg inet_recvmsg', /socket/, 'peer'],
  ['KVM', 'kvm_vcpu_block kvm_vcpu_halt kvm_arch_vcpu_ioctl_run kvm_vcpu_ioctl', /KVM/, 'idle'],
  ['GPU', 'dma_fence_default_wait dma_fence_wait_timeout dma_resv_wait_timeout', /graphics/, 'event'],
  ['io_uring registration', 'io_rsrc_ref_quiesce io_sqe_buffers_unregister', /io_uring/, 'completions'],
];

describe('the table knows who must act in', () => {
  it.each(AREAS)('%s: %s', (_area, stack, subsystem, cause) => {
    const found = blockingFrame(stackOf(...stack.split(' ')))?.entry;
    expect(found?.subsystem).toMatch(subsystem);
    expect(found?.cause).toBe(cause);
  });

  it('a fault inside a virtual processor, which is no idle one', () => {
    const stack =
      'folio_wait_bit_common filemap_fault __do_fault hva_to_pfn kvm_arch_vcpu_ioctl_run kvm_vcpu_ioctl';
    expect(blockingFrame(stackOf(...stack.split(' ')))?.entry.cause).toBe('page');
  });

  it('a FUSE server that waits for requests: nothing is wrong with it', () => {
    expect(blockingFrame(stackOf('fuse_dev_do_read', 'fuse_dev_read', 'vfs_read'))?.entry.cause).toBe('idle');
  });
});
