// SPDX-License-Identifier: Apache-2.0
#include "native.h"
#include <sys/mman.h>
#include <unistd.h>

enum { MARK = 0xA5 };

int guarded_make(guarded *g, uint64_t size) {
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  // The memory begins where any type may, so up to 15 bytes are left before the page.
  uint64_t rounded = (size + 15) & ~(uint64_t)15;
  uint64_t usable = (rounded + page - 1) / page * page;
  void *mapping =
      mmap(NULL, usable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED)
    return -1;
  if (mprotect((uint8_t *)mapping + usable, page, PROT_NONE) != 0) {
    munmap(mapping, usable + page);
    return -1;
  }
  *g = (guarded){.start = (uint8_t *)mapping + usable - rounded,
                 .size = size,
                 .slack = rounded - size,
                 .mapping = mapping,
                 .mapped = usable + page};
  memset(g->start + size, MARK, g->slack);
  return 0;
}

void guarded_free(guarded *g) {
  if (g->mapping != NULL)
    munmap(g->mapping, g->mapped);
  *g = (guarded){0};
}

int guarded_intact(const guarded *g) {
  for (uint64_t i = 0; i < g->slack; i++)
    if (g->start[g->size + i] != MARK)
      return 0;
  return 1;
}
