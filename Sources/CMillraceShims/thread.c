/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "mrshim.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More processors than cpu_set_t knows; the kernel wants a set at least as large as its own. */
#define CPUS_MAX 8192

int32_t mrshim_thread_id(void) { return (int32_t)syscall(SYS_gettid); }

void mrshim_thread_name(const char *name) {
  char shortened[16] = {0};
  strncpy(shortened, name, sizeof shortened - 1);
  pthread_setname_np(pthread_self(), shortened);
}

int mrshim_thread_bind(int cpu) {
  if (cpu < 0 || cpu >= CPUS_MAX)
    return -EINVAL;
  size_t size = CPU_ALLOC_SIZE(CPUS_MAX);
  cpu_set_t *set = CPU_ALLOC(CPUS_MAX);
  if (!set)
    return -ENOMEM;
  CPU_ZERO_S(size, set);
  CPU_SET_S((size_t)cpu, size, set);
  int result = sched_setaffinity(0, size, set) < 0 ? -errno : 0;
  CPU_FREE(set);
  return result;
}

int mrshim_thread_cpus(int *cpus, int capacity) {
  size_t size = CPU_ALLOC_SIZE(CPUS_MAX);
  cpu_set_t *set = CPU_ALLOC(CPUS_MAX);
  if (!set)
    return -ENOMEM;
  CPU_ZERO_S(size, set);
  int count = sched_getaffinity(0, size, set) < 0 ? -errno : 0;
  if (count == 0) {
    for (int cpu = 0; cpu < CPUS_MAX; cpu++) {
      if (!CPU_ISSET_S((size_t)cpu, size, set))
        continue;
      if (count < capacity)
        cpus[count] = cpu;
      count++;
    }
  }
  CPU_FREE(set);
  return count;
}
