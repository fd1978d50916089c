/* SPDX-License-Identifier: Apache-2.0
 *
 * A terminal that is given back even by a program that crashes. One at a time: what to restore lies
 * in static memory, because a handler may touch nothing else. */
#define _GNU_SOURCE
#include "mrshim.h"

#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT};
#define FATAL (sizeof fatal / sizeof *fatal)

static struct {
  int armed, input, output;
  struct termios settings;
  char text[256];
  size_t size;
} guard;

/* Only what POSIX allows in a handler. The signal comes again, with its own action. */
static void give_back(int signal) {
  if (guard.armed) {
    guard.armed = 0;
    ssize_t ignored = write(guard.output, guard.text, guard.size);
    (void)ignored;
    tcsetattr(guard.input, TCSANOW, &guard.settings);
  }
  raise(signal);
}

void mrshim_terminal_guard(int input, int output, const struct termios *settings, const char *text,
                           size_t size) {
  guard.input = input;
  guard.output = output;
  guard.settings = *settings;
  guard.size = size < sizeof guard.text ? size : sizeof guard.text;
  memcpy(guard.text, text, guard.size);
  guard.armed = 1;
  for (size_t i = 0; i < FATAL; i++) {
    struct sigaction action = {.sa_handler = give_back, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(fatal[i], &action, NULL);
  }
}

void mrshim_terminal_release(void) { guard.armed = 0; }
