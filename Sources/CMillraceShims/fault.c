/* SPDX-License-Identifier: Apache-2.0
 * What a dying executor leaves behind. The handlers touch only memory that was mapped before and
 * call nothing but system calls. The first thread that faults writes its stamp; any other waits
 * for the end of the process, so that the stamp is whole. A fault inside a handler ends the
 * process at once, because the signals are blocked there.
 */
#define _GNU_SOURCE
#include "mrshim.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* The same as mrr_stamp and the constants of mrr_pages.h, which this target cannot see: it lies
 * below. FaultStampTests compares the two. */
#define STACK_MAX 32
#define BOX_STAMP_OFFSET 2560
#define PROCESS_STATE_OFFSET 8
#define PROCESS_LEAVING 2
#define EXIT_CALLED 0xFFFFFFFFu

typedef struct stamp {
  uint32_t signal, code;
  uint64_t fault_address, program_counter, thread;
  uint32_t depth, reserved0;
  uint64_t stack[STACK_MAX];
} stamp;
_Static_assert(sizeof(stamp) == 40 + 8 * STACK_MAX, "layout of a stamp");

/* Initial-exec: reading them in a handler must not allocate. */
#define HANDLER_SAFE __attribute__((tls_model("initial-exec")))
static _Thread_local void *const *thread_box HANDLER_SAFE;
static _Thread_local uintptr_t stack_first HANDLER_SAFE, stack_last HANDLER_SAFE;

static stamp *process_stamp; /* written once by install */
static int stamped;          /* 1: some thread writes its stamp, or has */

static stamp *stamp_of_this_thread(void) {
  void *box = thread_box ? *thread_box : NULL;
  return box ? (stamp *)((char *)box + BOX_STAMP_OFFSET) : process_stamp;
}

/* Follows frame pointers for as long as they stay inside this thread's stack and rise. Code
 * built without them ends the walk early or gives addresses that mean nothing: a hint, no
 * proof. */
static void walk(stamp *out, uintptr_t frame, uintptr_t lowest) {
  uintptr_t first = lowest > stack_first ? lowest : stack_first;
  while (out->depth < STACK_MAX && frame >= first && frame % sizeof(uintptr_t) == 0 &&
         stack_last >= 2 * sizeof(uintptr_t) && frame <= stack_last - 2 * sizeof(uintptr_t)) {
    const uintptr_t *cells = (const uintptr_t *)frame;
    if (cells[1] == 0)
      return;
    out->stack[out->depth++] = cells[1];
    if (cells[0] <= frame)
      return;
    frame = cells[0];
  }
}

static void write_stamp(stamp *out, uint32_t signal, uint32_t code, uint64_t address, uint64_t pc,
                        uintptr_t frame, uintptr_t lowest) {
  out->code = code;
  out->fault_address = address;
  out->program_counter = pc;
  out->thread = (uint64_t)syscall(SYS_gettid);
  out->depth = 0;
  out->stack[out->depth++] = pc;
  walk(out, frame, lowest);
  /* Last: a stamp with a signal is complete. */
  __atomic_store_n(&out->signal, signal, __ATOMIC_RELEASE);
}

static int is_first(void) { return !__atomic_exchange_n(&stamped, 1, __ATOMIC_ACQ_REL); }

static void on_fault(int signal, siginfo_t *info, void *raw) {
  if (!is_first())
    for (;;)
      pause();
  const ucontext_t *context = raw;
#if defined(__x86_64__)
  uint64_t pc = (uint64_t)context->uc_mcontext.gregs[REG_RIP];
  uintptr_t frame = (uintptr_t)context->uc_mcontext.gregs[REG_RBP];
  uintptr_t lowest = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
  uint64_t pc = context->uc_mcontext.pc;
  uintptr_t frame = context->uc_mcontext.regs[29];
  uintptr_t lowest = context->uc_mcontext.sp;
#else
#error "say where this processor keeps its program counter"
#endif
  uint64_t address = info->si_code > 0 ? (uint64_t)(uintptr_t)info->si_addr : 0;
  write_stamp(stamp_of_this_thread(), (uint32_t)signal, (uint32_t)info->si_code, address, pc, frame,
              lowest);
  /* Raised again rather than returned into: int3 and kill() would not fault a second time. */
  struct sigaction standard = {.sa_handler = SIG_DFL};
  sigaction(signal, &standard, NULL);
  syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), signal);
}

int mrshim_fault_install(void *process_page, size_t stamp_offset) {
  static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT};
  process_stamp = (stamp *)((char *)process_page + stamp_offset);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigfillset(&action.sa_mask);
  for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
    if (sigaction(signals[i], &action, NULL) < 0)
      return -errno;
  return 0;
}

#define ALTERNATE_STACK (64u << 10)

int mrshim_fault_thread(void *const *current_box) {
  pthread_attr_t attributes;
  int error = pthread_getattr_np(pthread_self(), &attributes);
  if (error != 0)
    return -error;
  void *base = NULL;
  size_t size = 0;
  pthread_attr_getstack(&attributes, &base, &size);
  pthread_attr_destroy(&attributes);
  stack_first = (uintptr_t)base;
  stack_last = (uintptr_t)base + size;
  char *memory = mmap(NULL, ALTERNATE_STACK + 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return -errno;
  mprotect(memory, 4096, PROT_NONE);
  stack_t stack = {.ss_sp = memory + 4096, .ss_size = ALTERNATE_STACK};
  if (sigaltstack(&stack, NULL) < 0) {
    error = errno;
    munmap(memory, ALTERNATE_STACK + 4096);
    return -error;
  }
  thread_box = current_box;
  return 0;
}

/* Runs after the exit hooks of plugins, which were registered later. Ends the process itself:
 * the hooks that would follow destroy what the other threads still use. */
static void on_exit_called(int status, void *process_page) {
  const uint32_t *state = (const uint32_t *)((char *)process_page + PROCESS_STATE_OFFSET);
  if (__atomic_load_n(state, __ATOMIC_ACQUIRE) == PROCESS_LEAVING)
    return;
  if (is_first()) {
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    uint64_t pc = (uint64_t)(uintptr_t)__builtin_return_address(0);
    write_stamp(stamp_of_this_thread(), EXIT_CALLED, (uint32_t)status, 0, pc, frame, frame);
  }
  _exit(status);
}

int mrshim_exit_guard(void *process_page) {
  return on_exit(on_exit_called, process_page) != 0 ? -ENOMEM : 0;
}
