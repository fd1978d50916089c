// SPDX-License-Identifier: Apache-2.0
#include "staged.h"
#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#define SHOWN 100 /* bytes of the output's name in that of a hidden file */
#define ENDING ".staged"

void io_identify_writer(io_identity_of_writer *identity, const mr_sink_writer *who,
                        uint64_t (*hash)(const void *, uint64_t)) {
  packing names = {0};
  pack_bytes(&names, who->cluster.data, who->cluster.size);
  pack_number(&names, 0, 1);
  pack_bytes(&names, who->job.data, who->job.size);
  pack_number(&names, 0, 1);
  pack_bytes(&names, who->node.data, who->node.size);
  snprintf(identity->words, sizeof identity->words, "%016llx%016llx-%016llx-%u-",
           (unsigned long long)who->lineage_high, (unsigned long long)who->lineage_low,
           (unsigned long long)hash(names.bytes, names.size), who->writer);
  pack_free(&names);
  identity->attempt = who->attempt;
  identity->serial = 0;
  identity->known = 1;
}

/* How much of a path names folders that do not depend on the time. */
static int folder_of(const char *path) {
  const char *end = strchr(path, '%');
  const char *slash = end != NULL ? memrchr(path, '/', (size_t)(end - path)) : strrchr(path, '/');
  return slash != NULL ? (int)(slash - path) + 1 : 0;
}

static const char *name_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

int io_hide(io_identity_of_writer *identity, const char *path, char into[IO_PATH]) {
  return snprintf(into, IO_PATH, "%.*s.%.*s.%s%llu-%llu" ENDING, folder_of(path), path, SHOWN,
                  name_of(path), identity->words, (unsigned long long)identity->attempt,
                  (unsigned long long)identity->serial++) < (int)IO_PATH;
}

/* Is this the name of a hidden file of a smaller attempt? */
static int is_older(const io_identity_of_writer *identity, const char *name, const char *prefix) {
  size_t size = strlen(prefix);
  if (strncmp(name, prefix, size) != 0)
    return 0;
  char *end;
  unsigned long long attempt = strtoull(name + size, &end, 10);
  if (end == name + size || *end != '-')
    return 0;
  strtoull(end + 1, &end, 10);
  return strcmp(end, ENDING) == 0 && attempt < identity->attempt;
}

void io_unhide_older(const io_identity_of_writer *identity, const char *path, const char *kept) {
  char folder[IO_PATH], prefix[IO_PATH], found[2 * IO_PATH];
  int size = snprintf(folder, sizeof folder, "%.*s", folder_of(path), path);
  snprintf(prefix, sizeof prefix, ".%.*s.%s", SHOWN, name_of(path), identity->words);
  DIR *open = opendir(size > 0 ? folder : ".");
  if (open == NULL)
    return;
  for (const struct dirent *entry; (entry = readdir(open)) != NULL;) {
    if (!is_older(identity, entry->d_name, prefix))
      continue;
    snprintf(found, sizeof found, "%s%s", folder, entry->d_name);
    if (strcmp(found, kept) != 0)
      unlink(found);
  }
  closedir(open);
}
