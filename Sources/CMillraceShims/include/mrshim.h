/* SPDX-License-Identifier: Apache-2.0
 * Linux calls that Swift's Glibc module does not show, or whose types it cannot import. No logic:
 * a call, its arguments in plain integers, its error as a negative errno. Only MillraceSystem
 * imports this; everybody else sees the Swift types on top.
 */
#ifndef MRSHIM_H
#define MRSHIM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

/* futex.c: there is no libc function for it. Plain symbols, so that the C loop can be given
 * their addresses. */

/* 0: woken, or the word had another value. ETIMEDOUT: nothing happened for `timeout_ns`;
 * below 0 there is no limit. */
int mrshim_futex_wait(const uint32_t *word, uint32_t expected, int64_t timeout_ns);
/* Wakes everybody who waits for the word. */
void mrshim_futex_wake(uint32_t *word);

/* A word that is 0 until it is opened, once; passing waits for that. */
void mrshim_gate_open(uint32_t *word);
void mrshim_gate_pass(uint32_t *word);

/* A word that counts what happened: whoever finds nothing waits for another value of it. */
uint32_t mrshim_word_look(const uint32_t *word);
void mrshim_word_raise(uint32_t *word);

/* zstd.c: Swift has no module for it. */

/* Compressed at level 1; bytes written, or 0: it does not get smaller, or there is no room. */
size_t mrshim_compress(const void *bytes, size_t size, void *into, size_t room);
/* Bytes written, or 0: these are not compressed bytes, or more would come out. */
size_t mrshim_expand(const void *bytes, size_t size, void *into, size_t room);

/* memory.c: memfd and seals are behind _GNU_SOURCE. */

/* A file in memory of `size` bytes, all of them allocated, its size sealed, closed on exec.
 * Descriptor or -errno. */
int mrshim_memfd(const char *name, size_t size);
/* Size of the file in bytes or -errno. */
int64_t mrshim_file_size(int fd);
/* Maps `size` bytes shared; fd < 0: private memory without a file. 0 or -errno. */
int mrshim_map(int fd, size_t size, int writable, void **address);
int mrshim_unmap(void *address, size_t size);

/* sha256.c: FIPS 180-4, with the processor's own instructions where it has them. */
void mrshim_sha256(const void *bytes, size_t size, uint8_t digest[32]);
/* The same in plain C; for comparison. */
void mrshim_sha256_portable(const void *bytes, size_t size, uint8_t digest[32]);

/* crc32c.c: the checksum of `size` bytes behind others that have the checksum `before`; 0 where
 * there are none. */
uint32_t mrshim_crc32c(uint32_t before, const void *bytes, size_t size);
/* The same in plain C; for comparison. */
uint32_t mrshim_crc32c_portable(uint32_t before, const void *bytes, size_t size);

/* take.c: splice is behind _GNU_SOURCE, ioctl has no fixed arguments. Bytes that went from one
 * descriptor to the end of a file, 0 at the end of the input, or -errno. */

/* From a pipe; -EAGAIN when it is empty. */
int64_t mrshim_splice(int from, int into, size_t most);
/* From a file. */
int64_t mrshim_sendfile(int from, int into, size_t most);
/* Bytes that can be read now, or -errno. */
int mrshim_readable(int fd);

/* process.c: the attributes of posix_spawn are opaque unions, pidfd calls have no header. */

typedef struct mrshim_spawn_options {
  const char *path;         /* looked up as it is, no PATH */
  char *const *arguments;   /* ends with NULL */
  char *const *environment; /* ends with NULL */
  const char *directory;    /* NULL: ours */
  const int *from;          /* `descriptors` numbers in this process */
  const int *to;            /* and what they become in the child */
  size_t descriptors;
  int block_terminal_signals; /* HUP, INT, QUIT and TERM stay blocked in the child */
} mrshim_spawn_options;

/* Every other descriptor is inherited unless it is closed on exec, and ours all are.
 * Process id or -errno. */
pid_t mrshim_spawn(const mrshim_spawn_options *options);
/* Descriptor that becomes readable when the process ends, or -errno. */
int mrshim_pidfd(pid_t pid);
/* 0: still there. 1: exited, `*value` is its status. 2: killed, `*value` is the signal. -errno. */
int mrshim_wait(int pidfd, int block, int *value);
/* 0 or -errno. */
int mrshim_kill(int pidfd, int signal);
/* SIGKILL for this process when the thread that started it ends. 0 or -errno. */
int mrshim_die_with_parent(void);

/* thread.c: cpu_set_t is a macro affair. */
int32_t mrshim_thread_id(void);
/* At most 15 bytes are kept. */
void mrshim_thread_name(const char *name);
/* Binds the calling thread. 0 or -errno. */
int mrshim_thread_bind(int cpu);
/* Numbers of the processors this thread may run on; how many there are, or -errno. */
int mrshim_thread_cpus(int *cpus, int capacity);

/* events.c: epoll, eventfd and signalfd are in no module map. */
int mrshim_epoll(void);
/* `edges`: told when something comes, not as long as something is there. */
int mrshim_epoll_add(int epoll, int fd, uint64_t token, int edges);
int mrshim_epoll_remove(int epoll, int fd);
/* How many tokens were stored, 0 after the time; -errno. `timeout_ms` below 0: no limit. */
int mrshim_epoll_wait(int epoll, uint64_t *tokens, int capacity, int timeout_ms);
int mrshim_eventfd(void);
/* Blocks the signals in the calling thread (and those it will start), and makes them readable. */
int mrshim_signalfd(const int *signals, size_t count);
/* The next signal, 0: none waits, -errno. */
int mrshim_signalfd_read(int fd);

/* local_socket.c: ucred is behind _GNU_SOURCE, sockaddr_un has a path as an array. */

/* Listens at `path` with mode 0600 from its first moment on. Descriptor or -errno. */
int mrshim_unix_listen(const char *path);
int mrshim_unix_accept(int fd);
int mrshim_unix_connect(const char *path);
/* User id of the process at the other end, or -errno. */
int64_t mrshim_peer_user(int fd);
int mrshim_socket_pair(int fds[2]);
/* Bytes sent or -errno; never a SIGPIPE. */
int64_t mrshim_send(int fd, const void *bytes, size_t size);

/* fault.c: signal handlers must not be Swift. */

/* Handlers for SEGV BUS ILL FPE TRAP ABRT that leave a stamp and let the process die of it.
 * `process_page` takes the stamp of a thread that no task is running on. Both pages must stay
 * mapped for ever. 0 or -errno. Once per process. */
int mrshim_fault_install(void *process_page, size_t stamp_offset);
/* Gives the calling thread a stack for these handlers. `*current_box` is the page of the task it
 * runs, or NULL; the variable must live as long as the thread, which must live as long as the
 * process. NULL: a thread without tasks. 0 or -errno. */
int mrshim_fault_thread(void *const *current_box);
/* From now on exit() leaves a stamp and ends the process at once, unless the process page says
 * that the executor is leaving. After mrshim_fault_install. 0 or -errno. */
int mrshim_exit_guard(void *process_page);

/* library.c: what the dynamic loader knows is behind _GNU_SOURCE. */

/* The file that `address` was loaded from; the path of a handle of dlopen. NULL: nobody knows.
 * The text belongs to the loader. */
const char *mrshim_file_of_address(const void *address);
const char *mrshim_file_of_library(void *handle);

/* terminal.c: signal handlers must not be Swift. */

/* From now on a crash writes `text` (at most 256 bytes) to `output` and gives `input` these
 * settings before the process dies. The last call counts, until the release. */
void mrshim_terminal_guard(int input, int output, const struct termios *settings, const char *text,
                           size_t size);
void mrshim_terminal_release(void);

#endif
