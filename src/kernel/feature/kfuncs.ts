/**
 * When functions of the kernel that programs may call came (kfuncs): for messages only. Nothing numbers them as it
 * numbers helpers, so they stand here by release; a kernel test compares the table with the running kernel.
 */

const releases: readonly (readonly [release: string, names: string])[] = [
  ['5.18', 'bpf_xdp_ct_lookup bpf_skb_ct_lookup bpf_ct_release'],
  [
    '6.0',
    'bpf_xdp_ct_alloc bpf_skb_ct_alloc bpf_ct_insert_entry bpf_ct_set_timeout bpf_ct_change_timeout ' +
      'bpf_ct_set_status bpf_ct_change_status',
  ],
  [
    '6.1',
    'bpf_lookup_user_key bpf_lookup_system_key bpf_key_put bpf_verify_pkcs7_signature bpf_ct_set_nat_info',
  ],
  [
    '6.2',
    'bpf_obj_new_impl bpf_obj_drop_impl bpf_list_pop_front bpf_list_pop_back bpf_task_acquire bpf_task_release ' +
      'bpf_task_from_pid bpf_cgroup_acquire bpf_cgroup_release bpf_cgroup_ancestor bpf_cast_to_kern_ctx ' +
      'bpf_rdonly_cast bpf_rcu_read_lock bpf_rcu_read_unlock bpf_skb_get_xfrm_info bpf_skb_set_xfrm_info',
  ],
  [
    '6.3',
    'bpf_cpumask_create bpf_cpumask_release bpf_cpumask_acquire bpf_cpumask_first bpf_cpumask_first_zero ' +
      'bpf_cpumask_set_cpu bpf_cpumask_clear_cpu bpf_cpumask_test_cpu bpf_cpumask_test_and_set_cpu ' +
      'bpf_cpumask_test_and_clear_cpu bpf_cpumask_setall bpf_cpumask_clear bpf_cpumask_and bpf_cpumask_or ' +
      'bpf_cpumask_xor bpf_cpumask_equal bpf_cpumask_intersects bpf_cpumask_subset bpf_cpumask_empty ' +
      'bpf_cpumask_full bpf_cpumask_copy bpf_rbtree_remove bpf_rbtree_first bpf_xdp_metadata_rx_timestamp ' +
      'bpf_xdp_metadata_rx_hash hid_bpf_get_data hid_bpf_allocate_context hid_bpf_release_context ' +
      'hid_bpf_hw_request',
  ],
  [
    '6.4',
    'bpf_refcount_acquire_impl bpf_list_push_front_impl bpf_list_push_back_impl bpf_rbtree_add_impl ' +
      'bpf_cgroup_from_id bpf_dynptr_slice bpf_dynptr_slice_rdwr bpf_dynptr_from_skb bpf_dynptr_from_xdp ' +
      'bpf_iter_num_new bpf_iter_num_next bpf_iter_num_destroy bpf_skb_set_fou_encap bpf_skb_get_fou_encap',
  ],
  [
    '6.5',
    'bpf_cpumask_first_and bpf_cpumask_any_distribute bpf_cpumask_any_and_distribute bpf_task_under_cgroup ' +
      'bpf_dynptr_adjust bpf_dynptr_is_null bpf_dynptr_is_rdonly bpf_dynptr_size bpf_dynptr_clone bpf_sock_destroy',
  ],
  ['6.6', 'bpf_map_sum_elem_count'],
  [
    '6.7',
    'bpf_percpu_obj_new_impl bpf_percpu_obj_drop_impl bpf_throw bpf_iter_task_vma_new bpf_iter_task_vma_next ' +
      'bpf_iter_task_vma_destroy bpf_iter_css_task_new bpf_iter_css_task_next bpf_iter_css_task_destroy ' +
      'bpf_iter_css_new bpf_iter_css_next bpf_iter_css_destroy bpf_iter_task_new bpf_iter_task_next ' +
      'bpf_iter_task_destroy bpf_sock_addr_set_sun_path',
  ],
  [
    '6.8',
    'bpf_get_file_xattr bpf_get_fsverity_digest bpf_cpumask_weight bpf_task_get_cgroup1 ' +
      'bpf_xdp_metadata_rx_vlan_tag bpf_xdp_get_xfrm_state bpf_xdp_xfrm_state_release',
  ],
  ['6.9', 'bpf_arena_alloc_pages bpf_arena_free_pages'],
  [
    '6.10',
    'bpf_wq_init bpf_wq_set_callback_impl bpf_wq_start bpf_preempt_disable bpf_preempt_enable ' +
      'bpf_crypto_ctx_create bpf_crypto_ctx_release bpf_crypto_ctx_acquire bpf_crypto_decrypt bpf_crypto_encrypt ' +
      'bpf_session_is_return bpf_session_cookie',
  ],
  ['6.11', 'bpf_iter_bits_new bpf_iter_bits_next bpf_iter_bits_destroy'],
  [
    '6.12',
    'bpf_get_task_exe_file bpf_put_file bpf_path_d_path bpf_get_dentry_xattr bpf_copy_from_user_str ' +
      'scx_bpf_create_dsq scx_bpf_destroy_dsq scx_bpf_kick_cpu scx_bpf_dsq_nr_queued scx_bpf_select_cpu_dfl ' +
      'scx_bpf_pick_idle_cpu scx_bpf_task_cpu scx_bpf_task_running scx_bpf_error_bstr scx_bpf_exit_bstr',
  ],
  [
    '6.13',
    'bpf_task_from_vpid bpf_send_signal_task bpf_get_kmem_cache bpf_iter_kmem_cache_new ' +
      'bpf_iter_kmem_cache_next bpf_iter_kmem_cache_destroy scx_bpf_dsq_insert scx_bpf_dsq_insert_vtime ' +
      'scx_bpf_dsq_move scx_bpf_dsq_move_to_local',
  ],
  ['6.14', 'bpf_local_irq_save bpf_local_irq_restore scx_bpf_now'],
  [
    '6.15',
    'bpf_copy_from_user_task_str bpf_cpumask_populate bpf_dynptr_copy bpf_set_dentry_xattr ' +
      'bpf_remove_dentry_xattr bpf_res_spin_lock bpf_res_spin_unlock bpf_res_spin_lock_irqsave ' +
      'bpf_res_spin_unlock_irqrestore',
  ],
  [
    '6.16',
    '__bpf_trap bpf_iter_dmabuf_new bpf_iter_dmabuf_next bpf_iter_dmabuf_destroy bpf_probe_read_user_dynptr ' +
      'bpf_probe_read_kernel_dynptr bpf_probe_read_user_str_dynptr bpf_probe_read_kernel_str_dynptr ' +
      'bpf_copy_from_user_dynptr bpf_copy_from_user_str_dynptr bpf_copy_from_user_task_dynptr ' +
      'bpf_copy_from_user_task_str_dynptr bpf_list_front bpf_list_back bpf_rbtree_root bpf_rbtree_left ' +
      'bpf_rbtree_right bpf_qdisc_bstats_update bpf_qdisc_watchdog_schedule bpf_qdisc_skb_drop ' +
      'bpf_skb_get_hash bpf_kfree_skb scx_bpf_select_cpu_and',
  ],
  [
    '6.17',
    'bpf_arena_reserve_pages bpf_dynptr_memset bpf_cgroup_read_xattr bpf_strcmp bpf_strnchr ' +
      'bpf_strchr bpf_strchrnul bpf_strrchr bpf_strlen bpf_strnlen bpf_strspn bpf_strcspn bpf_strnstr bpf_strstr',
  ],
  [
    '6.18',
    'bpf_strcasecmp bpf_xdp_pull_data bpf_dynptr_from_skb_meta bpf_task_work_schedule_signal_impl ' +
      'bpf_task_work_schedule_resume_impl',
  ],
  ['6.19', 'bpf_dynptr_from_file bpf_dynptr_file_discard'],
  [
    '7.0',
    'bpf_task_work_schedule_signal bpf_task_work_schedule_resume bpf_get_mem_cgroup bpf_get_root_mem_cgroup ' +
      'bpf_put_mem_cgroup',
  ],
];

let table: ReadonlyMap<string, string> | undefined;

/** All that the table knows: the release that brought each. */
export function kernelFunctionReleases(): ReadonlyMap<string, string> {
  table ??= new Map(
    releases.flatMap(([release, names]) => names.split(' ').map((name): [string, string] => [name, release])),
  );
  return table;
}

/** The Linux release that brought a function which programs may call; undefined for one that is not known. */
export function kernelFunctionSince(name: string): string | undefined {
  return kernelFunctionReleases().get(name);
}
