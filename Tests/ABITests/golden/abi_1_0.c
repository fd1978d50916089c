/* SPDX-License-Identifier: Apache-2.0
 * Written by scripts/freeze when ABI 1.0 was released. Never edited: a line that fails
 * here names a promise that the headers no longer keep. */
#include <millrace/millrace.h>

#define SAME(type, expected) __builtin_types_compatible_p(type, __typeof__(expected))
#define GROWABLE(type, least, to) \
  _Static_assert(sizeof(type) >= least && _Alignof(type) == to, "size of " #type)
#define FROZEN(type, size, to) \
  _Static_assert(sizeof(type) == size && _Alignof(type) == to, "size of " #type)
#define FIELD(type, field, at, expected) \
  _Static_assert(offsetof(type, field) == at && SAME(__typeof__(((type *)0)->field), expected), \
                 #type "." #field)
#define CONSTANT(name, value) _Static_assert((int64_t)(name) == value, #name)
#define TYPE(name, expected) _Static_assert(SAME(name, expected), #name)
#define FUNCTION(name, expected) _Static_assert(SAME(__typeof__(&name), expected), #name)
#define TEXT(name, expected) _Static_assert(__builtin_strcmp(name, expected) == 0, #name)

FROZEN(mr_status, 4, 4);
CONSTANT(MR_OK, 0);
CONSTANT(MR_AGAIN, 1);
CONSTANT(MR_DONE, 2);
CONSTANT(MR_YIELD, 3);
CONSTANT(MR_E_INTERNAL, -1);
CONSTANT(MR_E_PANIC, -2);
CONSTANT(MR_E_CONFIG, -3);
CONSTANT(MR_E_DATA, -4);
CONSTANT(MR_E_TRANSIENT, -5);
CONSTANT(MR_E_UNAVAILABLE, -6);
CONSTANT(MR_E_STATE, -7);
CONSTANT(MR_E_NOMEM, -8);
CONSTANT(MR_E_TOO_LARGE, -9);
CONSTANT(MR_E_CANCELLED, -10);
CONSTANT(MR_E_UNSUPPORTED, -11);
CONSTANT(MR_E_INVALID, -12);
CONSTANT(MR_E_IO, -13);

FROZEN(struct mr_str, 16, 8);
FIELD(struct mr_str, data, 0, const char *);
FIELD(struct mr_str, size, 8, uint64_t);
CONSTANT(MR_REC_UNKEYED, 1);
CONSTANT(MR_REC_RETRACT, 2);
CONSTANT(MR_REC_REPLAY, 4);
CONSTANT(MR_REC_REF, 8);
CONSTANT(MR_REC_TRAILER, 16);
CONSTANT(MR_REC_USER, 3);
CONSTANT(MR_REC_HOST, 65280);

FROZEN(struct mr_record, 32, 8);
FIELD(struct mr_record, length, 0, uint32_t);
FIELD(struct mr_record, flags, 4, uint16_t);
FIELD(struct mr_record, key_length, 6, uint16_t);
FIELD(struct mr_record, event_time, 8, int64_t);
FIELD(struct mr_record, key_hash, 16, uint64_t);
FIELD(struct mr_record, schema, 24, uint32_t);
FIELD(struct mr_record, trace, 28, uint32_t);

FROZEN(struct mr_ref, 16, 8);
FIELD(struct mr_ref, unit, 0, uint64_t);
FIELD(struct mr_ref, length, 8, uint64_t);
FUNCTION(mr_key_group, uint32_t (*)(uint64_t, uint32_t));
CONSTANT(MR_BATCH_MORE, 1);
CONSTANT(MR_BATCH_LAST, 2);
CONSTANT(MR_BATCH_REPLAY, 4);

GROWABLE(struct mr_batch, 56, 8);
FIELD(struct mr_batch, struct_size, 0, uint32_t);
FIELD(struct mr_batch, count, 4, uint32_t);
FIELD(struct mr_batch, base, 8, const uint8_t *);
FIELD(struct mr_batch, index, 16, const uint32_t *);
FIELD(struct mr_batch, input, 24, uint32_t);
FIELD(struct mr_batch, lane, 28, uint32_t);
FIELD(struct mr_batch, flags, 32, uint32_t);
FIELD(struct mr_batch, reserved0, 36, uint32_t);
FIELD(struct mr_batch, watermark, 40, int64_t);
FIELD(struct mr_batch, sequence, 48, uint64_t);
FUNCTION(mr_at, const mr_record * (*)(const mr_batch *, uint32_t));
FUNCTION(mr_payload, const uint8_t * (*)(const mr_batch *, const mr_record *));
FUNCTION(mr_value, const uint8_t * (*)(const mr_batch *, const mr_record *));
FUNCTION(mr_value_size, uint32_t (*)(const mr_record *));
FUNCTION(mr_prefetch, void (*)(const mr_batch *, uint32_t));

FROZEN(mr_type, 4, 4);
CONSTANT(MR_T_ABSENT, 0);
CONSTANT(MR_T_NULL, 1);
CONSTANT(MR_T_BOOL, 2);
CONSTANT(MR_T_INT, 3);
CONSTANT(MR_T_FLOAT, 4);
CONSTANT(MR_T_STRING, 5);
CONSTANT(MR_T_ARRAY, 6);
CONSTANT(MR_T_OBJECT, 7);

GROWABLE(struct mr_config, 88, 8);
FIELD(struct mr_config, struct_size, 0, uint32_t);
FIELD(struct mr_config, reserved0, 4, uint32_t);
FIELD(struct mr_config, impl, 8, void *);
FIELD(struct mr_config, json, 16, mr_str);
FIELD(struct mr_config, type, 32, mr_type (*)(const mr_config *, const char *));
FIELD(struct mr_config, length, 40, uint64_t (*)(const mr_config *, const char *));
FIELD(struct mr_config, key, 48, mr_status (*)(const mr_config *, const char *, uint64_t, mr_str
      *));
FIELD(struct mr_config, get_bool, 56, mr_status (*)(const mr_config *, const char *, uint32_t *));
FIELD(struct mr_config, get_int, 64, mr_status (*)(const mr_config *, const char *, int64_t *));
FIELD(struct mr_config, get_float, 72, mr_status (*)(const mr_config *, const char *, double *));
FIELD(struct mr_config, get_string, 80, mr_status (*)(const mr_config *, const char *, mr_str *));

FROZEN(mr_level, 4, 4);
CONSTANT(MR_TRACE, 0);
CONSTANT(MR_DEBUG, 1);
CONSTANT(MR_INFO, 2);
CONSTANT(MR_WARN, 3);
CONSTANT(MR_ERROR, 4);

FROZEN(mr_clock, 4, 4);
CONSTANT(MR_CLOCK_WALL, 0);
CONSTANT(MR_CLOCK_MONOTONIC, 1);

GROWABLE(struct mr_host, 104, 8);
FIELD(struct mr_host, struct_size, 0, uint32_t);
FIELD(struct mr_host, abi_version, 4, uint32_t);
FIELD(struct mr_host, features, 8, uint64_t);
FIELD(struct mr_host, name, 16, const char *);
FIELD(struct mr_host, version, 24, const char *);
FIELD(struct mr_host, extension, 32, const void *(*)(const mr_host *, const char *));
FIELD(struct mr_host, set_error, 40, void (*)(mr_ctx *, mr_status, const char *, uint64_t));
FIELD(struct mr_host, log, 48, void (*)(mr_ctx *, mr_level, const char *, uint64_t));
FIELD(struct mr_host, alloc, 56, void *(*)(mr_ctx *, uint64_t, uint64_t));
FIELD(struct mr_host, release, 64, void (*)(mr_ctx *, void *, uint64_t, uint64_t));
FIELD(struct mr_host, now, 72, int64_t (*)(mr_ctx *, mr_clock));
FIELD(struct mr_host, random, 80, uint64_t (*)(mr_ctx *));
FIELD(struct mr_host, hash, 88, uint64_t (*)(const void *, uint64_t));
FIELD(struct mr_host, wake, 96, void (*)(mr_ctx *));
FUNCTION(mr_fail, mr_status (*)(const mr_host *, mr_ctx *, mr_status, const char *));

GROWABLE(struct mr_out_ops, 48, 8);
FIELD(struct mr_out_ops, struct_size, 0, uint32_t);
FIELD(struct mr_out_ops, reserved0, 4, uint32_t);
FIELD(struct mr_out_ops, grow, 8, mr_status (*)(mr_out *, uint64_t));
FIELD(struct mr_out_ops, forward, 16, mr_status (*)(mr_out *, const mr_batch *, const uint32_t *,
      uint32_t));
FIELD(struct mr_out_ops, forward_as, 24, mr_status (*)(mr_out *, const mr_batch *, uint32_t, const
      mr_record *));
FIELD(struct mr_out_ops, reserve, 32, mr_status (*)(mr_out *, uint32_t, void **));
FIELD(struct mr_out_ops, commit, 40, mr_status (*)(mr_out *, const mr_record *));
CONSTANT(MR_OUT_UNUSED, 1);

GROWABLE(struct mr_out, 64, 8);
FIELD(struct mr_out, struct_size, 0, uint32_t);
FIELD(struct mr_out, port, 4, uint32_t);
FIELD(struct mr_out, cur, 8, uint8_t *);
FIELD(struct mr_out, end, 16, uint8_t *);
FIELD(struct mr_out, icur, 24, uint32_t *);
FIELD(struct mr_out, iend, 32, uint32_t *);
FIELD(struct mr_out, base, 40, uint8_t *);
FIELD(struct mr_out, ops, 48, const mr_out_ops *);
FIELD(struct mr_out, status, 56, mr_status);
FIELD(struct mr_out, flags, 60, uint32_t);
FUNCTION(mr_reserve, void * (*)(mr_out *, uint32_t));
FUNCTION(mr_commit, void (*)(mr_out *, const mr_record *));
FUNCTION(mr_emit, mr_status (*)(mr_out *, const mr_record *, const void *));
FUNCTION(mr_forward, mr_status (*)(mr_out *, const mr_batch *, const uint32_t *, uint32_t));

FROZEN(mr_param_type, 4, 4);
CONSTANT(MR_P_BOOL, 0);
CONSTANT(MR_P_INT, 1);
CONSTANT(MR_P_FLOAT, 2);
CONSTANT(MR_P_STRING, 3);
CONSTANT(MR_P_ENUM, 4);
CONSTANT(MR_P_DURATION, 5);
CONSTANT(MR_P_SIZE, 6);
CONSTANT(MR_P_RATE, 7);
CONSTANT(MR_P_EXPRESSION, 8);
CONSTANT(MR_P_FIELD, 9);
CONSTANT(MR_P_LIST, 10);
CONSTANT(MR_P_MAP, 11);
CONSTANT(MR_P_OBJECT, 12);
CONSTANT(MR_PARAM_REQUIRED, 1);
CONSTANT(MR_PARAM_SECRET, 2);
CONSTANT(MR_PARAM_LIVE, 4);
CONSTANT(MR_PARAM_ADVANCED, 8);
CONSTANT(MR_PARAM_MULTILINE, 16);

FROZEN(struct mr_choice, 16, 8);
FIELD(struct mr_choice, value, 0, const char *);
FIELD(struct mr_choice, doc, 8, const char *);

GROWABLE(struct mr_param, 104, 8);
FIELD(struct mr_param, struct_size, 0, uint32_t);
FIELD(struct mr_param, type, 4, mr_param_type);
FIELD(struct mr_param, flags, 8, uint32_t);
FIELD(struct mr_param, choice_count, 12, uint32_t);
FIELD(struct mr_param, field_count, 16, uint32_t);
FIELD(struct mr_param, reserved0, 20, uint32_t);
FIELD(struct mr_param, name, 24, const char *);
FIELD(struct mr_param, doc, 32, const char *);
FIELD(struct mr_param, default_value, 40, const char *);
FIELD(struct mr_param, example, 48, const char *);
FIELD(struct mr_param, minimum, 56, const char *);
FIELD(struct mr_param, maximum, 64, const char *);
FIELD(struct mr_param, deprecated, 72, const char *);
FIELD(struct mr_param, choices, 80, const mr_choice *);
FIELD(struct mr_param, item, 88, const mr_param *);
FIELD(struct mr_param, fields, 96, const mr_param *const *);

FROZEN(mr_kind, 4, 4);
CONSTANT(MR_KIND_TRANSFORM, 0);
CONSTANT(MR_KIND_SOURCE, 1);
CONSTANT(MR_KIND_SINK, 2);
CONSTANT(MR_KIND_PARTITIONER, 3);
CONSTANT(MR_OP_STATELESS, 1);
CONSTANT(MR_OP_DETERMINISTIC, 2);
CONSTANT(MR_OP_RESUMABLE, 4);
CONSTANT(MR_OP_REORDERS, 8);
CONSTANT(MR_OP_BLOCKS, 16);
CONSTANT(MR_OP_ISOLATE, 32);
CONSTANT(MR_PORT_FORWARDS, 1);
CONSTANT(MR_PORT_OPTIONAL, 2);

GROWABLE(struct mr_port, 48, 8);
FIELD(struct mr_port, struct_size, 0, uint32_t);
FIELD(struct mr_port, flags, 4, uint32_t);
FIELD(struct mr_port, name, 8, const char *);
FIELD(struct mr_port, doc, 16, const char *);
FIELD(struct mr_port, schema, 24, const char *);
FIELD(struct mr_port, max_records_per_input, 32, uint32_t);
FIELD(struct mr_port, max_bytes_per_input, 36, uint32_t);
FIELD(struct mr_port, max_times_input, 40, uint32_t);
FIELD(struct mr_port, reserved0, 44, uint32_t);

GROWABLE(struct mr_start, 96, 8);
FIELD(struct mr_start, struct_size, 0, uint32_t);
FIELD(struct mr_start, batch_limit, 4, uint32_t);
FIELD(struct mr_start, out, 8, mr_out *const *);
FIELD(struct mr_start, out_count, 16, uint32_t);
FIELD(struct mr_start, instance, 20, uint32_t);
FIELD(struct mr_start, parallelism, 24, uint32_t);
FIELD(struct mr_start, key_group_first, 28, uint32_t);
FIELD(struct mr_start, key_group_last, 32, uint32_t);
FIELD(struct mr_start, key_groups, 36, uint32_t);
FIELD(struct mr_start, restored_epoch, 40, uint64_t);
FIELD(struct mr_start, log_level, 48, const uint32_t *);
FIELD(struct mr_start, cancel, 56, const uint32_t *);
FIELD(struct mr_start, in_schema, 64, const uint32_t *);
FIELD(struct mr_start, out_schema, 72, const uint32_t *);
FIELD(struct mr_start, job, 80, const char *);
FIELD(struct mr_start, node, 88, const char *);

GROWABLE(struct mr_work, 24, 8);
FIELD(struct mr_work, struct_size, 0, uint32_t);
FIELD(struct mr_work, consumed, 4, uint32_t);
FIELD(struct mr_work, bad, 8, uint32_t);
FIELD(struct mr_work, retry_ms, 12, uint32_t);
FIELD(struct mr_work, deadline, 16, int64_t);

GROWABLE(struct mr_operator, 160, 8);
FIELD(struct mr_operator, struct_size, 0, uint32_t);
FIELD(struct mr_operator, kind, 4, mr_kind);
FIELD(struct mr_operator, flags, 8, uint64_t);
FIELD(struct mr_operator, needs, 16, uint64_t);
FIELD(struct mr_operator, id, 24, const char *);
FIELD(struct mr_operator, version, 32, const char *);
FIELD(struct mr_operator, title, 40, const char *);
FIELD(struct mr_operator, description, 48, const char *);
FIELD(struct mr_operator, example, 56, const char *);
FIELD(struct mr_operator, params, 64, const mr_param *const *);
FIELD(struct mr_operator, inputs, 72, const mr_port *const *);
FIELD(struct mr_operator, outputs, 80, const mr_port *const *);
FIELD(struct mr_operator, param_count, 88, uint32_t);
FIELD(struct mr_operator, input_count, 92, uint32_t);
FIELD(struct mr_operator, output_count, 96, uint32_t);
FIELD(struct mr_operator, max_parallelism, 100, uint32_t);
FIELD(struct mr_operator, batch_preferred, 104, uint32_t);
FIELD(struct mr_operator, state_version, 108, uint32_t);
FIELD(struct mr_operator, create, 112, mr_status (*)(const mr_operator *, const mr_host *, mr_ctx *,
      const mr_config *, void **));
FIELD(struct mr_operator, destroy, 120, void (*)(void *));
FIELD(struct mr_operator, start, 128, mr_status (*)(void *, const mr_start *));
FIELD(struct mr_operator, stop, 136, mr_status (*)(void *));
FIELD(struct mr_operator, process, 144, mr_status (*)(void *, const mr_batch *, mr_work *));
FIELD(struct mr_operator, extension, 152, const void *(*)(const mr_operator *, const char *));

GROWABLE(struct mr_plugin, 64, 8);
FIELD(struct mr_plugin, struct_size, 0, uint32_t);
FIELD(struct mr_plugin, abi_version, 4, uint32_t);
FIELD(struct mr_plugin, min_abi_version, 8, uint32_t);
FIELD(struct mr_plugin, operator_count, 12, uint32_t);
FIELD(struct mr_plugin, operators, 16, const mr_operator *const *);
FIELD(struct mr_plugin, name, 24, const char *);
FIELD(struct mr_plugin, version, 32, const char *);
FIELD(struct mr_plugin, license, 40, const char *);
FIELD(struct mr_plugin, toolchain, 48, const char *);
FIELD(struct mr_plugin, load, 56, mr_status (*)(const mr_host *, mr_ctx *));
FUNCTION(millrace_plugin_v1, const mr_plugin * (*)(const mr_host *));

FROZEN(struct mr_completion, 24, 8);
FIELD(struct mr_completion, cookie, 0, uint64_t);
FIELD(struct mr_completion, result, 8, void *);
FIELD(struct mr_completion, status, 16, mr_status);
FIELD(struct mr_completion, reserved0, 20, uint32_t);
TYPE(mr_async_fn, mr_status (*)(void *, const uint32_t *, void **));

GROWABLE(struct mr_host_async, 32, 8);
FIELD(struct mr_host_async, struct_size, 0, uint32_t);
FIELD(struct mr_host_async, limit, 4, uint32_t);
FIELD(struct mr_host_async, submit, 8, mr_status (*)(mr_ctx *, mr_async_fn, void *, uint64_t,
      int64_t));
FIELD(struct mr_host_async, begin, 16, mr_status (*)(mr_ctx *, uint64_t));
FIELD(struct mr_host_async, complete, 24, void (*)(mr_ctx *, const mr_completion *));
CONSTANT(MR_ASYNC_ORDERED, 1);

GROWABLE(struct mr_async, 16, 8);
FIELD(struct mr_async, struct_size, 0, uint32_t);
FIELD(struct mr_async, flags, 4, uint32_t);
FIELD(struct mr_async, on_done, 8, mr_status (*)(void *, const mr_completion *, uint64_t, mr_work
      *));

FROZEN(mr_domain, 4, 4);
CONSTANT(MR_EVENT_TIME, 0);
CONSTANT(MR_PROCESSING_TIME, 1);

FROZEN(struct mr_timer, 48, 8);
FIELD(struct mr_timer, time, 0, int64_t);
FIELD(struct mr_timer, key_hash, 8, uint64_t);
FIELD(struct mr_timer, key, 16, mr_str);
FIELD(struct mr_timer, cookie, 32, uint64_t);
FIELD(struct mr_timer, domain, 40, mr_domain);
FIELD(struct mr_timer, reserved0, 44, uint32_t);

GROWABLE(struct mr_host_time, 32, 8);
FIELD(struct mr_host_time, struct_size, 0, uint32_t);
FIELD(struct mr_host_time, reserved0, 4, uint32_t);
FIELD(struct mr_host_time, set, 8, mr_status (*)(mr_ctx *, const mr_timer *, uint64_t));
FIELD(struct mr_host_time, cancel, 16, mr_status (*)(mr_ctx *, const mr_timer *, uint64_t));
FIELD(struct mr_host_time, emit_watermark, 24, mr_status (*)(mr_ctx *, int64_t));

GROWABLE(struct mr_time, 24, 8);
FIELD(struct mr_time, struct_size, 0, uint32_t);
FIELD(struct mr_time, reserved0, 4, uint32_t);
FIELD(struct mr_time, on_watermark, 8, mr_status (*)(void *, int64_t, mr_work *));
FIELD(struct mr_time, on_timers, 16, mr_status (*)(void *, const mr_timer *, uint64_t, mr_work *));
CONSTANT(MR_TABLE_ORDERED, 1);

GROWABLE(struct mr_table, 48, 8);
FIELD(struct mr_table, struct_size, 0, uint32_t);
FIELD(struct mr_table, flags, 4, uint32_t);
FIELD(struct mr_table, name, 8, const char *);
FIELD(struct mr_table, doc, 16, const char *);
FIELD(struct mr_table, version, 24, uint32_t);
FIELD(struct mr_table, value_size, 28, uint32_t);
FIELD(struct mr_table, ttl, 32, int64_t);
FIELD(struct mr_table, ttl_domain, 40, mr_domain);
FIELD(struct mr_table, reserved0, 44, uint32_t);

FROZEN(struct mr_kv, 64, 8);
FIELD(struct mr_kv, key_hash, 0, uint64_t);
FIELD(struct mr_kv, key, 8, mr_str);
FIELD(struct mr_kv, subkey, 24, mr_str);
FIELD(struct mr_kv, value, 40, mr_str);
FIELD(struct mr_kv, flags, 56, uint32_t);
FIELD(struct mr_kv, reserved0, 60, uint32_t);
CONSTANT(MR_KV_PREFIX, 1);
CONSTANT(MR_KV_NEW, 2);

GROWABLE(struct mr_kv_sink, 24, 8);
FIELD(struct mr_kv_sink, struct_size, 0, uint32_t);
FIELD(struct mr_kv_sink, reserved0, 4, uint32_t);
FIELD(struct mr_kv_sink, impl, 8, void *);
FIELD(struct mr_kv_sink, put, 16, mr_status (*)(mr_kv_sink *, uint32_t, const mr_kv *));

GROWABLE(struct mr_keyed_state, 24, 8);
FIELD(struct mr_keyed_state, struct_size, 0, uint32_t);
FIELD(struct mr_keyed_state, table_count, 4, uint32_t);
FIELD(struct mr_keyed_state, tables, 8, const mr_table *const *);
FIELD(struct mr_keyed_state, migrate, 16, mr_status (*)(const mr_operator *, const char *, uint32_t,
      const mr_kv *, mr_kv_sink *));
CONSTANT(MR_SCAN_KEY, 0);
CONSTANT(MR_SCAN_GROUPS, 1);
CONSTANT(MR_SCAN_REVERSE, 2);

GROWABLE(struct mr_scan, 88, 8);
FIELD(struct mr_scan, struct_size, 0, uint32_t);
FIELD(struct mr_scan, flags, 4, uint32_t);
FIELD(struct mr_scan, key_hash, 8, uint64_t);
FIELD(struct mr_scan, key, 16, mr_str);
FIELD(struct mr_scan, from, 32, mr_str);
FIELD(struct mr_scan, to, 48, mr_str);
FIELD(struct mr_scan, group_first, 64, uint32_t);
FIELD(struct mr_scan, group_last, 68, uint32_t);
FIELD(struct mr_scan, cursor0, 72, uint64_t);
FIELD(struct mr_scan, cursor1, 80, uint64_t);

GROWABLE(struct mr_host_keyed_state, 56, 8);
FIELD(struct mr_host_keyed_state, struct_size, 0, uint32_t);
FIELD(struct mr_host_keyed_state, max_key, 4, uint32_t);
FIELD(struct mr_host_keyed_state, max_subkey, 8, uint32_t);
FIELD(struct mr_host_keyed_state, max_value, 12, uint32_t);
FIELD(struct mr_host_keyed_state, get, 16, mr_status (*)(mr_ctx *, uint32_t, mr_kv *, uint64_t));
FIELD(struct mr_host_keyed_state, put, 24, mr_status (*)(mr_ctx *, uint32_t, const mr_kv *,
      uint64_t));
FIELD(struct mr_host_keyed_state, remove, 32, mr_status (*)(mr_ctx *, uint32_t, const mr_kv *,
      uint64_t));
FIELD(struct mr_host_keyed_state, edit, 40, mr_status (*)(mr_ctx *, uint32_t, mr_kv *, uint64_t));
FIELD(struct mr_host_keyed_state, scan, 48, mr_status (*)(mr_ctx *, uint32_t, mr_scan *, mr_kv *,
      uint64_t, uint64_t *));
FUNCTION(mr_kv_memory, void * (*)(const mr_kv *));

GROWABLE(struct mr_host_metrics, 40, 8);
FIELD(struct mr_host_metrics, struct_size, 0, uint32_t);
FIELD(struct mr_host_metrics, limit, 4, uint32_t);
FIELD(struct mr_host_metrics, counter, 8, uint64_t *(*)(mr_ctx *, const char *, const char *, const
      char *));
FIELD(struct mr_host_metrics, gauge, 16, int64_t *(*)(mr_ctx *, const char *, const char *, const
      char *));
FIELD(struct mr_host_metrics, histogram, 24, mr_histogram *(*)(mr_ctx *, const char *, const char *,
      const char *));
FIELD(struct mr_host_metrics, observe, 32, void (*)(mr_histogram *, uint64_t));

GROWABLE(struct mr_partition, 24, 8);
FIELD(struct mr_partition, struct_size, 0, uint32_t);
FIELD(struct mr_partition, reserved0, 4, uint32_t);
FIELD(struct mr_partition, route, 8, mr_status (*)(void *, const mr_batch *, uint32_t, uint32_t *));
FIELD(struct mr_partition, load, 16, void (*)(void *, const uint8_t *, uint32_t));

GROWABLE(struct mr_reconfigure, 16, 8);
FIELD(struct mr_reconfigure, struct_size, 0, uint32_t);
FIELD(struct mr_reconfigure, reserved0, 4, uint32_t);
FIELD(struct mr_reconfigure, apply, 8, mr_status (*)(void *, const mr_config *));

GROWABLE(struct mr_writer, 32, 8);
FIELD(struct mr_writer, struct_size, 0, uint32_t);
FIELD(struct mr_writer, reserved0, 4, uint32_t);
FIELD(struct mr_writer, impl, 8, void *);
FIELD(struct mr_writer, write, 16, int64_t (*)(mr_writer *, const void *, uint64_t));
FIELD(struct mr_writer, key_group, 24, mr_status (*)(mr_writer *, uint32_t));

GROWABLE(struct mr_reader, 24, 8);
FIELD(struct mr_reader, struct_size, 0, uint32_t);
FIELD(struct mr_reader, reserved0, 4, uint32_t);
FIELD(struct mr_reader, impl, 8, void *);
FIELD(struct mr_reader, read, 16, int64_t (*)(mr_reader *, void *, uint64_t));

GROWABLE(struct mr_snapshot, 32, 8);
FIELD(struct mr_snapshot, struct_size, 0, uint32_t);
FIELD(struct mr_snapshot, state_version, 4, uint32_t);
FIELD(struct mr_snapshot, epoch, 8, uint64_t);
FIELD(struct mr_snapshot, writer_version, 16, const char *);
FIELD(struct mr_snapshot, key_group, 24, uint32_t);
FIELD(struct mr_snapshot, pieces, 28, uint32_t);
CONSTANT(MR_STATE_UNION, 1);

GROWABLE(struct mr_state, 64, 8);
FIELD(struct mr_state, struct_size, 0, uint32_t);
FIELD(struct mr_state, flags, 4, uint32_t);
FIELD(struct mr_state, save, 8, mr_status (*)(void *, uint64_t, mr_writer *));
FIELD(struct mr_state, freeze, 16, mr_status (*)(void *, uint64_t, void **));
FIELD(struct mr_state, save_image, 24, mr_status (*)(void *, void *, mr_writer *));
FIELD(struct mr_state, drop_image, 32, void (*)(void *, void *));
FIELD(struct mr_state, restore, 40, mr_status (*)(void *, const mr_snapshot *, mr_reader *));
FIELD(struct mr_state, epoch_end, 48, void (*)(void *, uint64_t, uint32_t));
FIELD(struct mr_state, can_restore, 56, uint32_t (*)(const mr_operator *, uint32_t));

FROZEN(mr_commit_result, 4, 4);
CONSTANT(MR_COMMITTED, 0);
CONSTANT(MR_COMMIT_ALREADY, 1);
CONSTANT(MR_COMMIT_RETRY, 2);
CONSTANT(MR_COMMIT_LOST, 3);
CONSTANT(MR_COMMIT_REFUSED, 4);

GROWABLE(struct mr_sink_writer, 80, 8);
FIELD(struct mr_sink_writer, struct_size, 0, uint32_t);
FIELD(struct mr_sink_writer, writer, 4, uint32_t);
FIELD(struct mr_sink_writer, attempt, 8, uint64_t);
FIELD(struct mr_sink_writer, lineage_high, 16, uint64_t);
FIELD(struct mr_sink_writer, lineage_low, 24, uint64_t);
FIELD(struct mr_sink_writer, cluster, 32, mr_str);
FIELD(struct mr_sink_writer, job, 48, mr_str);
FIELD(struct mr_sink_writer, node, 64, mr_str);

GROWABLE(struct mr_committable, 40, 8);
FIELD(struct mr_committable, struct_size, 0, uint32_t);
FIELD(struct mr_committable, writer, 4, uint32_t);
FIELD(struct mr_committable, attempt, 8, uint64_t);
FIELD(struct mr_committable, epoch, 16, uint64_t);
FIELD(struct mr_committable, token, 24, mr_str);

GROWABLE(struct mr_sink_limits, 16, 8);
FIELD(struct mr_sink_limits, struct_size, 0, uint32_t);
FIELD(struct mr_sink_limits, max_open, 4, uint32_t);
FIELD(struct mr_sink_limits, transaction_timeout, 8, int64_t);

GROWABLE(struct mr_sink, 56, 8);
FIELD(struct mr_sink, struct_size, 0, uint32_t);
FIELD(struct mr_sink, reserved0, 4, uint32_t);
FIELD(struct mr_sink, limits, 8, mr_status (*)(void *, mr_sink_limits *));
FIELD(struct mr_sink, open, 16, mr_status (*)(void *, const mr_sink_writer *));
FIELD(struct mr_sink, fence, 24, mr_status (*)(void *));
FIELD(struct mr_sink, prepare, 32, mr_status (*)(void *, uint64_t, mr_writer *));
FIELD(struct mr_sink, commit, 40, mr_commit_result (*)(void *, const mr_committable *));
FIELD(struct mr_sink, abort, 48, mr_status (*)(void *, const mr_committable *));
CONSTANT(MR_SOURCE_OFFSET, 1);
CONSTANT(MR_SOURCE_TIME, 2);
CONSTANT(MR_SOURCE_ACK, 4);

FROZEN(struct mr_split, 32, 8);
FIELD(struct mr_split, id, 0, mr_str);
FIELD(struct mr_split, position, 16, mr_str);

GROWABLE(struct mr_splits, 24, 8);
FIELD(struct mr_splits, struct_size, 0, uint32_t);
FIELD(struct mr_splits, reserved0, 4, uint32_t);
FIELD(struct mr_splits, impl, 8, void *);
FIELD(struct mr_splits, put, 16, mr_status (*)(mr_splits *, const mr_split *, uint64_t));

GROWABLE(struct mr_poll, 24, 8);
FIELD(struct mr_poll, struct_size, 0, uint32_t);
FIELD(struct mr_poll, credit, 4, uint32_t);
FIELD(struct mr_poll, split, 8, uint32_t);
FIELD(struct mr_poll, reserved0, 12, uint32_t);
FIELD(struct mr_poll, watermark, 16, int64_t);

GROWABLE(struct mr_source, 80, 8);
FIELD(struct mr_source, struct_size, 0, uint32_t);
FIELD(struct mr_source, flags, 4, uint32_t);
FIELD(struct mr_source, max_disorder, 8, int64_t);
FIELD(struct mr_source, poll, 16, mr_status (*)(void *, mr_poll *, mr_work *));
FIELD(struct mr_source, acknowledge, 24, mr_status (*)(void *, uint64_t));
FIELD(struct mr_source, descriptors, 32, uint32_t (*)(void *, int32_t *, uint32_t));
FIELD(struct mr_source, discover, 40, mr_status (*)(void *, mr_splits *));
FIELD(struct mr_source, assign, 48, mr_status (*)(void *, const mr_split *, uint64_t));
FIELD(struct mr_source, positions, 56, mr_status (*)(void *, uint64_t, mr_splits *));
FIELD(struct mr_source, pause, 64, mr_status (*)(void *, uint32_t, uint32_t));
FIELD(struct mr_source, seek_time, 72, mr_status (*)(void *, const mr_split *, int64_t, mr_splits
      *));
CONSTANT(MR_AGG_PLAIN, 1);
CONSTANT(MR_AGG_COMMUTATIVE, 2);
CONSTANT(MR_AGG_INVERTIBLE, 4);

FROZEN(struct mr_pane, 40, 8);
FIELD(struct mr_pane, start, 0, int64_t);
FIELD(struct mr_pane, end, 8, int64_t);
FIELD(struct mr_pane, key_hash, 16, uint64_t);
FIELD(struct mr_pane, key, 24, mr_str);

GROWABLE(struct mr_aggregate, 80, 8);
FIELD(struct mr_aggregate, struct_size, 0, uint32_t);
FIELD(struct mr_aggregate, flags, 4, uint32_t);
FIELD(struct mr_aggregate, size, 8, uint32_t);
FIELD(struct mr_aggregate, align, 12, uint32_t);
FIELD(struct mr_aggregate, init, 16, mr_status (*)(void *, void *));
FIELD(struct mr_aggregate, drop, 24, void (*)(void *, void *));
FIELD(struct mr_aggregate, add, 32, mr_status (*)(void *, void *, const mr_batch *, const uint32_t
      *, uint32_t));
FIELD(struct mr_aggregate, remove, 40, mr_status (*)(void *, void *, const mr_batch *, const
      uint32_t *, uint32_t));
FIELD(struct mr_aggregate, merge, 48, mr_status (*)(void *, void *, const void *));
FIELD(struct mr_aggregate, result, 56, mr_status (*)(void *, const void *, const mr_pane *, mr_out
      *));
FIELD(struct mr_aggregate, encode, 64, mr_status (*)(void *, const void *, mr_writer *));
FIELD(struct mr_aggregate, decode, 72, mr_status (*)(void *, void *, uint32_t, mr_reader *));
CONSTANT(MR_ABI_MAJOR, 1);
TEXT(MR_ENTRY_SYMBOL, "millrace_plugin_v1");
TEXT(MR_EXT_ASYNC, "millrace.async/1");
TEXT(MR_EXT_KEYED_STATE, "millrace.keyed-state/1");
TEXT(MR_EXT_METRICS, "millrace.metrics/1");
TEXT(MR_EXT_PARTITION, "millrace.partition/1");
TEXT(MR_EXT_RECONFIGURE, "millrace.reconfigure/1");
TEXT(MR_EXT_SINK, "millrace.sink/1");
TEXT(MR_EXT_SOURCE, "millrace.source/1");
TEXT(MR_EXT_STATE, "millrace.state/1");
TEXT(MR_EXT_TIME, "millrace.time/1");
TEXT(MR_EXT_WINDOW, "millrace.window/1");
CONSTANT(MR_TARGET_ALL, 4294967295LL);
CONSTANT(MR_TARGET_NONE, 4294967294LL);
CONSTANT(MR_TIME_END, 9223372036854775807LL);
CONSTANT(MR_TIME_NONE, INT64_MIN);
CONSTANT(MR_UNIT, 16);
