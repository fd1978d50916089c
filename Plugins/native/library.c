// SPDX-License-Identifier: Apache-2.0
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "library.h"
#include <dlfcn.h>
#include <fenv.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

struct library {
  void *handle;
  pthread_mutex_t lock;
  library *next;
};

static library *libraries;
static pthread_mutex_t libraries_lock = PTHREAD_MUTEX_INITIALIZER;

/* Two names of one file give one handle, and so one lock. */
static library *known(void *handle) {
  for (library *l = libraries; l != NULL; l = l->next)
    if (l->handle == handle)
      return l;
  library *l = calloc(1, sizeof *l);
  if (l == NULL)
    return NULL;
  l->handle = handle;
  pthread_mutex_init(&l->lock, NULL);
  l->next = libraries;
  libraries = l;
  return l;
}

library *library_open(const char *name, char *fault, uint64_t room) {
  void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == NULL) {
    const char *reason = dlerror();
    snprintf(fault, room, "%s", reason != NULL ? reason : name);
    return NULL;
  }
  pthread_mutex_lock(&libraries_lock);
  library *l = known(handle);
  pthread_mutex_unlock(&libraries_lock);
  if (l == NULL)
    snprintf(fault, room, "out of memory");
  return l;
}

void (*library_function(library *l, const char *symbol, char *fault, uint64_t room))(void) {
  // POSIX: a pointer to a function fits into a pointer to data and back.
  union {
    void *data;
    void (*function)(void);
  } found = {.data = dlsym(l->handle, symbol)};
  if (found.data == NULL)
    snprintf(fault, room, "there is no function %s in it", symbol);
  return found.data != NULL ? found.function : NULL;
}

void library_lock(library *l) { pthread_mutex_lock(&l->lock); }
void library_unlock(library *l) { pthread_mutex_unlock(&l->lock); }

#if defined(__x86_64__)
/* The low six bits tell what has happened, not how to calculate. */
static uint32_t control_now(void) { return _mm_getcsr() & ~0x3fu; }
static void control_set(uint32_t control) { _mm_setcsr(control | (_mm_getcsr() & 0x3fu)); }
#elif defined(__aarch64__)
static uint32_t control_now(void) {
  uint64_t value;
  __asm__ volatile("mrs %0, fpcr" : "=r"(value));
  return (uint32_t)value;
}
static void control_set(uint32_t control) {
  __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)control));
}
#else
static uint32_t control_now(void) { return 0; }
static void control_set(uint32_t control) { (void)control; }
#endif

arithmetic arithmetic_now(void) { return (arithmetic){fegetround(), control_now()}; }

int arithmetic_restore(arithmetic before) {
  arithmetic now = arithmetic_now();
  if (now.rounding == before.rounding && now.control == before.control)
    return 1;
  fesetround(before.rounding);
  control_set(before.control);
  return 0;
}
