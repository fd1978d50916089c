/* SPDX-License-Identifier: Apache-2.0
 * What the files of this plugin share: the operators, and a few lines each of them needs. */
#ifndef MR_BASIC_H
#define MR_BASIC_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include "../shared/failure.h"
#include <millrace/millrace.h>
#include <stdlib.h>

extern const mr_operator basic_lines, basic_words, basic_key, basic_pass, basic_assert,
    basic_json_decode, basic_json_encode, basic_filter, basic_rate_limit, basic_dedupe;

/* Fail with a formatted text. Returns `code`. */
#define basic_fail(...) failure_say(1024, __VA_ARGS__)

/* Is the parameter there, by its user or by default? */
static inline int basic_given(const mr_config *config, const char *path) {
  mr_type type = config->type(config, path);
  return type != MR_T_ABSENT && type != MR_T_NULL;
}

/* A service of the host, or NULL and a failure that says which one is not there. */
static inline const void *basic_service(const mr_host *host, mr_ctx *ctx, const char *id) {
  const void *table = host->extension(host, id);
  if (table == NULL)
    basic_fail(host, ctx, MR_E_UNSUPPORTED, "this host does not offer %s", id);
  return table;
}

/* What `millrace.state/1` answers when its bytes could not be moved, or were not as they should. */
static inline mr_status basic_saved(const mr_host *host, mr_ctx *ctx, mr_status status) {
  return status == MR_OK ? MR_OK : basic_fail(host, ctx, status, "its state could not be written");
}
static inline mr_status basic_damaged(const mr_host *host, mr_ctx *ctx) {
  return mr_fail(host, ctx, MR_E_STATE, "the saved state is damaged");
}

static inline const void *basic_no_extension(const mr_operator *self, const char *id) {
  (void)self;
  (void)id;
  return NULL;
}

#endif
