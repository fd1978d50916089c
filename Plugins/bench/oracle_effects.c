// SPDX-License-Identifier: Apache-2.0
// `oracle.sink`: `millrace.sink/1`. The token of an epoch is the text of its file: for each key
// that came, `key first behind`. Commit writes it under a name that no other epoch, task or attempt
// has, and that is never replaced: an epoch that is committed by two attempts is there twice.
#include "oracle_sink.h"

#include "../shared/packing.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 4096 };

mr_status oracle_effects_configure(oracle *op, const mr_config *config) {
  mr_str folder;
  mr_type type = config->type(config, "/effects");
  if (type == MR_T_ABSENT || type == MR_T_NULL)
    return MR_OK;
  mr_status status = config->get_string(config, "/effects", &folder);
  if (status != MR_OK)
    return status;
  op->effects = strndup(folder.data, folder.size);
  if (op->effects == NULL)
    return bench_no_memory(op->host, op->ctx);
  if (mkdir(op->effects, 0777) != 0 && errno != EEXIST)
    return bench_fail(op->host, op->ctx, MR_E_CONFIG, "cannot make the folder %s: %s", op->effects,
                      strerror(errno));
  return MR_OK;
}

static mr_status effects_open(void *instance, const mr_sink_writer *who) {
  oracle *op = instance;
  snprintf(op->lineage, sizeof op->lineage, "%016llx%016llx", (unsigned long long)who->lineage_high,
           (unsigned long long)who->lineage_low);
  return MR_OK;
}

static mr_status effects_prepare(void *instance, uint64_t epoch, mr_writer *token) {
  oracle *op = instance;
  packing packed = {0};
  (void)epoch;
  for (uint64_t key = 0; key < op->keys && op->effects != NULL; key++) {
    char line[80];
    if (op->expected[key] == op->before[key])
      continue;
    int size = snprintf(line, sizeof line, "%llu %llu %llu\n", (unsigned long long)key,
                        (unsigned long long)op->before[key], (unsigned long long)op->expected[key]);
    pack_bytes(&packed, line, (uint64_t)size);
  }
  mr_status status = pack_send(&packed, token);
  if (status == MR_OK)
    memcpy(op->before, op->expected, op->keys * sizeof *op->before);
  return bench_moved(op->host, op->ctx, status);
}

static mr_commit_result no(const oracle *op, mr_commit_result result, const char *what,
                           const char *path) {
  bench_fail(op->host, op->ctx, MR_E_IO, "%s %s: %s", what, path, strerror(errno));
  return result;
}

/* Is the file of that name the one that the token is? */
static int has(const char *path, mr_str token) {
  char *found = malloc(token.size + 1);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  uint64_t done = 0;
  ssize_t got = 1;
  while (file >= 0 && found != NULL && got > 0 && done <= token.size) {
    got = read(file, found + done, token.size + 1 - done);
    done += got > 0 ? (uint64_t)got : 0;
  }
  int same = got == 0 && done == token.size && memcmp(found, token.data, done) == 0;
  if (file >= 0)
    close(file);
  free(found);
  return same;
}

static int write_all(int file, mr_str bytes) {
  for (uint64_t done = 0; done < bytes.size;) {
    ssize_t size = write(file, bytes.data + done, bytes.size - done);
    if (size < 0 && errno != EINTR)
      return 0;
    done += size > 0 ? (uint64_t)size : 0;
  }
  return fdatasync(file) == 0;
}

static mr_commit_result effects_commit(void *instance, const mr_committable *c) {
  const oracle *op = instance;
  char path[PATH], hidden[PATH];
  if (c->token.size == 0 || op->effects == NULL)
    return MR_COMMITTED;
  int size = snprintf(path, sizeof path, "%s/%s-%020llu-%u-%llu", op->effects, op->lineage,
                      (unsigned long long)c->epoch, c->writer, (unsigned long long)c->attempt);
  snprintf(hidden, sizeof hidden, "%.*s/.%s", (int)strlen(op->effects), path,
           path + strlen(op->effects) + 1);
  if (size + 2 > PATH)
    return no(op, MR_COMMIT_REFUSED, "the path is too long:", op->effects);
  if (access(path, F_OK) == 0)
    return has(path, c->token) ? MR_COMMIT_ALREADY
                               : no(op, MR_COMMIT_REFUSED, "another epoch is in", path);
  int file = open(hidden, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0)
    return no(op, MR_COMMIT_RETRY, "cannot write", hidden);
  int written = write_all(file, c->token);
  close(file);
  if (!written)
    return no(op, MR_COMMIT_RETRY, "cannot write", hidden);
  return rename(hidden, path) == 0 ? MR_COMMITTED : no(op, MR_COMMIT_RETRY, "cannot name", path);
}

static mr_status effects_abort(void *instance, const mr_committable *c) {
  (void)instance;
  (void)c; /* what was prepared is in the token only */
  return MR_OK;
}

const mr_sink oracle_phases = {.struct_size = sizeof(mr_sink),
                               .open = effects_open,
                               .prepare = effects_prepare,
                               .commit = effects_commit,
                               .abort = effects_abort};

/* ---- state: key and expected sequence, 8 bytes each, by key group ----------------------- */

#define GROUPS 1024u

static uint32_t group_of(const oracle *op, uint64_t key) {
  return mr_key_group(op->host->hash(&key, sizeof key), GROUPS);
}

/* Keys in the order of their groups: how many each has, then where each begins. NULL: no memory. */
static uint64_t *keys_by_group(const oracle *op) {
  uint64_t begins[GROUPS + 1] = {0};
  uint64_t *order = malloc((op->keys + 1) * sizeof *order);
  for (uint64_t key = 0; key < op->keys; key++)
    begins[group_of(op, key) + 1]++;
  for (uint32_t group = 0; group < GROUPS; group++)
    begins[group + 1] += begins[group];
  for (uint64_t key = 0; key < op->keys && order != NULL; key++)
    order[begins[group_of(op, key)]++] = key;
  return order;
}

static mr_status state_save(void *instance, uint64_t epoch, mr_writer *writer) {
  const oracle *op = instance;
  uint64_t *order = keys_by_group(op);
  packing packed = {0};
  mr_status status = order != NULL ? MR_OK : MR_E_NOMEM;
  uint32_t open = UINT32_MAX;
  (void)epoch;
  for (uint64_t i = 0; i < op->keys && status == MR_OK; i++) {
    uint64_t key = order[i];
    if (op->expected[key] == 0)
      continue;
    if (group_of(op, key) != open) {
      open = group_of(op, key);
      status = pack_send(&packed, writer);
      if (status == MR_OK)
        status = writer->key_group(writer, open);
    }
    pack_number(&packed, key, 8);
    pack_number(&packed, op->expected[key], 8);
  }
  if (status == MR_OK)
    status = pack_send(&packed, writer);
  pack_free(&packed);
  free(order);
  return bench_moved(op->host, op->ctx, status);
}

static mr_status state_restore(void *instance, const mr_snapshot *info, mr_reader *reader) {
  oracle *op = instance;
  packing piece = {0};
  (void)info;
  mr_status status = pack_receive(&piece, reader);
  unpacking from = unpack_from(&piece);
  int damaged = status != MR_OK;
  while (from.left > 0 && !damaged) {
    uint64_t key = unpack_number(&from, 8), expected = unpack_number(&from, 8);
    damaged = from.failed || key >= op->keys || op->expected[key] != 0 || expected > op->count;
    if (!damaged)
      op->seen += op->expected[key] = expected;
  }
  pack_free(&piece);
  if (status != MR_OK)
    return bench_moved(op->host, op->ctx, status);
  return damaged ? bench_damaged(op->host, op->ctx) : MR_OK;
}

const mr_state oracle_state = {
    .struct_size = sizeof(mr_state), .save = state_save, .restore = state_restore};
