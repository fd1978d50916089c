/* SPDX-License-Identifier: Apache-2.0
 * Loaded with LD_PRELOAD: counts what is taken from the heap, per process, in the file
 * $ALLOCATION_COUNTS/PID (one little-endian 64-bit number in a shared mapping, so that the count is
 * there however the process ends).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static uint64_t before_main;
static uint64_t *taken = &before_main;

static void count(void) { __atomic_fetch_add(taken, 1, __ATOMIC_RELAXED); }

void *malloc(size_t size) {
  count();
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count();
  return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
  count();
  return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  count();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
  count();
  *result = __libc_memalign(alignment, size);
  return *result ? 0 : 12; /* ENOMEM */
}

__attribute__((constructor)) static void open_count(void) {
  char path[4096];
  const char *folder = getenv("ALLOCATION_COUNTS");
  if (!folder) {
    return;
  }
  snprintf(path, sizeof path, "%s/%d", folder, (int)getpid());
  int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, sizeof *taken) != 0) {
    return;
  }
  void *page = mmap(NULL, sizeof *taken, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (page != MAP_FAILED) {
    *(uint64_t *)page = before_main;
    taken = page;
  }
}
