/* SPDX-License-Identifier: Apache-2.0
 * The tables of the plugin, from the names that a file has defined before: BAD_NAME always, the
 * others where its fault is. */
#ifndef BAD_TABLE_H
#define BAD_TABLE_H

#ifndef BAD_ID
#define BAD_ID "bad." BAD_NAME
#endif
#ifndef BAD_START
#define BAD_START good_start
#endif
#ifndef BAD_PARAMS
#define BAD_PARAMS NULL
#define BAD_PARAM_COUNT 0
#endif
#ifndef BAD_TOOLCHAIN
#define BAD_TOOLCHAIN NULL
#endif
#ifndef BAD_VERSION
#define BAD_VERSION "1.0.0"
#endif
#ifndef BAD_NOTE_ID
#define BAD_NOTE_ID "bad." BAD_NAME
#endif
#ifndef BAD_FLAGS
#define BAD_FLAGS 0
#endif
#ifndef BAD_NEEDS
#define BAD_NEEDS 0
#endif
#ifndef BAD_CREATE
#define BAD_CREATE good_create
#endif
#ifndef BAD_EXTENSION
#define BAD_EXTENSION good_extension
#endif
#ifndef BAD_PROCESS
#define BAD_PROCESS good_process
#endif
#ifndef BAD_OPERATOR_SIZE
#define BAD_OPERATOR_SIZE sizeof(mr_operator)
#endif
#ifndef BAD_PLUGIN_SIZE
#define BAD_PLUGIN_SIZE sizeof(mr_plugin)
#endif
#ifndef BAD_ABI
#define BAD_ABI MR_ABI_VERSION
#endif
#ifndef BAD_MIN_ABI
#define BAD_MIN_ABI 0x00010000u
#endif
#ifndef BAD_COUNT
#define BAD_COUNT 1
#endif
#ifndef BAD_TABLE
#define BAD_TABLE operators
#endif
#ifndef BAD_LOAD
#define BAD_LOAD NULL
#endif
#ifndef BAD_ENTRY
#define BAD_ENTRY (void)0
#endif

#ifndef BAD_NO_NOTE
MR_MANIFEST("{\"millrace\":1,\"abi\":\"1.0\",\"name\":\"" BAD_NAME
            "\",\"version\":\"1.0.0\",\"operators\":[\"" BAD_NOTE_ID "\"]}");
#endif

static const mr_port in = {.struct_size = sizeof(mr_port),
                           .flags = 0,
                           .name = "in",
                           .doc = "Any record.",
                           .schema = "any",
                           .max_records_per_input = 0,
                           .max_bytes_per_input = 0,
                           .max_times_input = 0,
                           .reserved0 = 0};
static const mr_port out = {.struct_size = sizeof(mr_port),
                            .flags = 0,
                            .name = "out",
                            .doc = "The same records.",
                            .schema = "same(in)",
                            .max_records_per_input = 1,
                            .max_bytes_per_input = 0,
                            .max_times_input = 1,
                            .reserved0 = 0};
static const mr_port *const inputs[] = {&in}, *const outputs[] = {&out};

static const mr_operator operator_table = {.struct_size = (uint32_t)BAD_OPERATOR_SIZE,
                                           .kind = MR_KIND_TRANSFORM,
                                           .flags = BAD_FLAGS,
                                           .needs = BAD_NEEDS,
                                           .id = BAD_ID,
                                           .version = "1.0.0",
                                           .title = BAD_NAME,
                                           .description = "An operator with one fault.",
                                           .example = NULL,
                                           .params = BAD_PARAMS,
                                           .inputs = inputs,
                                           .outputs = outputs,
                                           .param_count = BAD_PARAM_COUNT,
                                           .input_count = 1,
                                           .output_count = 1,
                                           .max_parallelism = 0,
                                           .batch_preferred = 0,
                                           .state_version = 0,
                                           .create = BAD_CREATE,
                                           .destroy = good_destroy,
                                           .start = BAD_START,
                                           .stop = NULL,
                                           .process = BAD_PROCESS,
                                           .extension = BAD_EXTENSION};
/* Twice the same: some plugins say that they have two. */
static const mr_operator *const operators[] = {&operator_table, &operator_table};
static const mr_operator *const no_operators[] = {NULL, NULL};

static const mr_plugin plugin_table = {.struct_size = (uint32_t)BAD_PLUGIN_SIZE,
                                       .abi_version = BAD_ABI,
                                       .min_abi_version = BAD_MIN_ABI,
                                       .operator_count = BAD_COUNT,
                                       .operators = BAD_TABLE,
                                       .name = BAD_NAME,
                                       .version = BAD_VERSION,
                                       .license = "Apache-2.0",
                                       .toolchain = BAD_TOOLCHAIN,
                                       .load = BAD_LOAD};

MR_BEGIN
MR_EXPORT const mr_plugin *millrace_plugin_v1(const mr_host *host) {
  (void)host;
  (void)operators;
  (void)no_operators;
  (void)plugin_table;
  BAD_ENTRY;
#ifdef BAD_ANSWER
  return BAD_ANSWER;
#else
  return &plugin_table;
#endif
}
MR_END

#endif
