// SPDX-License-Identifier: Apache-2.0
#include "listing.h"
#include <errno.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

static int has_wildcard(const char *path) { return strpbrk(path, "*?[") != NULL; }

int io_is_pattern(const char *path) {
  struct stat facts;
  return has_wildcard(path) && lstat(path, &facts) != 0;
}

static int by_bytes(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static mr_status add(io_listing *found, const char *path, uint64_t size, io_trouble *trouble) {
  char *copy = strndup(path, size);
  char **grown = realloc(found->paths, (found->count + 1) * sizeof *grown);
  if (grown != NULL)
    found->paths = grown;
  if (copy == NULL || grown == NULL) {
    free(copy);
    return io_note(trouble, MR_E_NOMEM, "out of memory");
  }
  found->paths[found->count++] = copy;
  return MR_OK;
}

/* What cannot be looked into may hide a file that should be read. One that is gone hides none. */
static int stop_at_error(const char *path, int error) {
  (void)path;
  return error == EACCES || error == EIO;
}

static mr_status expand(const char *pattern, int flags, glob_t *names, io_trouble *trouble) {
  int answer = glob(pattern, flags | GLOB_NOSORT, stop_at_error, names);
  if (answer == 0 || answer == GLOB_NOMATCH)
    return MR_OK;
  if (answer == GLOB_NOSPACE)
    return io_note(trouble, MR_E_NOMEM, "out of memory");
  return io_note(trouble, MR_E_IO,
                 "MR5302 a folder of %s cannot be looked into\ncheck its permissions", pattern);
}

mr_status io_list(const char *pattern, io_listing *found, io_trouble *trouble) {
  struct stat facts;
  glob_t names = {0};
  *found = (io_listing){0};
  if (!io_is_pattern(pattern))
    return stat(pattern, &facts) == 0 ? add(found, pattern, strlen(pattern), trouble) : MR_OK;
  mr_status status = expand(pattern, 0, &names, trouble);
  for (size_t i = 0; i < names.gl_pathc && status == MR_OK; i++) {
    const char *path = names.gl_pathv[i];
    if (stat(path, &facts) != 0)
      continue; /* it has gone already */
    if (S_ISREG(facts.st_mode))
      status = add(found, path, strlen(path), trouble);
    else
      found->others++;
  }
  globfree(&names);
  if (found->count > 1)
    qsort(found->paths, found->count, sizeof *found->paths, by_bytes);
  return status;
}

mr_status io_list_folders(const char *pattern, io_listing *found, io_trouble *trouble) {
  *found = (io_listing){0};
  mr_status status = MR_OK;
  for (const char *slash = pattern; status == MR_OK && (slash = strchr(slash, '/')); slash++) {
    uint64_t size = slash == pattern ? 1 : (uint64_t)(slash - pattern);
    /* A folder matters when a wildcard stands behind it, or when it is the last one. */
    if (!has_wildcard(slash) && strchr(slash + 1, '/') != NULL)
      continue;
    char *part = strndup(pattern, size);
    glob_t names = {0};
    if (part == NULL)
      return io_note(trouble, MR_E_NOMEM, "out of memory");
    status = expand(part, GLOB_ONLYDIR, &names, trouble);
    for (size_t i = 0; i < names.gl_pathc && status == MR_OK; i++)
      status = add(found, names.gl_pathv[i], strlen(names.gl_pathv[i]), trouble);
    globfree(&names);
    free(part);
  }
  return status == MR_OK && strchr(pattern, '/') == NULL ? add(found, ".", 1, trouble) : status;
}

void io_listing_free(io_listing *listing) {
  for (uint64_t i = 0; i < listing->count; i++)
    free(listing->paths[i]);
  free(listing->paths);
  *listing = (io_listing){0};
}
