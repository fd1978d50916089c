// SPDX-License-Identifier: Apache-2.0
#include "part.h"
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <time.h>

int io_naming_unknown(const char *pattern) {
  for (const char *at = pattern; (at = strchr(at, '%')) != NULL; at += 2)
    if (at[1] == 0 || strchr("YmdHMSj%", at[1]) == NULL)
      return at[1] != 0 ? at[1] : ' ';
  return 0;
}

int64_t io_naming_period(const char *pattern) {
  int64_t period = 0;
  for (const char *at = pattern; (at = strchr(at, '%')) != NULL; at += 2) {
    int64_t one = at[1] == 'S'   ? 1
                  : at[1] == 'M' ? 60
                  : at[1] == 'H' ? 3600
                  : at[1] == '%' ? 0
                                 : 86400;
    if (one > 0 && (period == 0 || one < period))
      period = one;
  }
  return period;
}

int io_naming_expand(const char *pattern, int64_t seconds, char into[IO_PATH]) {
  struct tm time;
  time_t when = (time_t)seconds;
  if (strchr(pattern, '%') == NULL)
    return snprintf(into, IO_PATH, "%s", pattern) < (int)IO_PATH;
  return gmtime_r(&when, &time) != NULL && strftime(into, IO_PATH, pattern, &time) > 0;
}

/* Where the name begins, and where its first dot is (or its end). */
static const char *name_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

static const char *extension_of(const char *name) {
  const char *dot = name[0] != 0 ? strchr(name + 1, '.') : NULL;
  return dot != NULL ? dot : name + strlen(name);
}

int io_naming_part(const char *path, uint64_t number, char into[IO_PATH]) {
  const char *dot = extension_of(name_of(path));
  return snprintf(into, IO_PATH, "%.*s-%05llu%s", (int)(dot - path), path,
                  (unsigned long long)number, dot) < (int)IO_PATH;
}

int io_naming_unfinished(const char *path, char into[IO_PATH]) {
  const char *name = name_of(path);
  return snprintf(into, IO_PATH, "%.*s.%s.part", (int)(name - path), path, name) < (int)IO_PATH;
}

/* The number of a part, from its file name. 0: it is none of ours. */
static int read_number(const char *found, const char *name, uint64_t *number) {
  const char *dot = extension_of(name);
  size_t stem = (size_t)(dot - name);
  size_t size = strlen(found);
  if (found[0] == '.' && size > 5 && strcmp(found + size - 5, ".part") == 0) {
    found++;
    size -= 6;
  }
  if (size <= stem + 1 || strncmp(found, name, stem) != 0 || found[stem] != '-')
    return 0;
  const char *digit = found + stem + 1;
  *number = 0;
  int digits = 0;
  for (; *digit >= '0' && *digit <= '9' && digits < 18; digit++, digits++)
    *number = 10 * *number + (uint64_t)(*digit - '0');
  size_t rest = size - (size_t)(digit - found);
  return digits >= 5 && rest == strlen(dot) && strncmp(digit, dot, rest) == 0;
}

uint64_t io_naming_next(const char *path) {
  const char *name = name_of(path);
  char folder[IO_PATH];
  snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
  DIR *open = opendir(folder[0] != 0 ? folder : ".");
  uint64_t next = 0, number;
  if (open == NULL)
    return 0;
  for (const struct dirent *entry; (entry = readdir(open)) != NULL;)
    if (read_number(entry->d_name, name, &number) && number >= next)
      next = number + 1;
  closedir(open);
  return next;
}

mr_status io_make_folders(const char *path, io_trouble *trouble) {
  char folder[IO_PATH];
  for (const char *slash = path; (slash = strchr(slash + 1, '/')) != NULL;) {
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    int made = mkdir(folder, 0777) == 0;
    if (!made && errno != EEXIST && errno != EISDIR)
      return io_note_errno(trouble, NULL, "cannot make the folder %s", folder);
    /* With its name everything in it would be lost. */
    if (made && !io_sync_folder(folder))
      return io_note_errno(trouble, NULL, "cannot write the folder of %s", folder);
  }
  return MR_OK;
}
