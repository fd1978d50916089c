// SPDX-License-Identifier: Apache-2.0
#include "token.h"
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static token_channel channels[TOKEN_CHANNELS];

token_channel *token_join_source(uint64_t number, const mr_host *host, mr_ctx *ctx) {
  token_channel *channel = &channels[number];
  pthread_mutex_lock(&lock);
  int free = channel->source == NULL;
  if (free) {
    channel->host = host;
    channel->returned = 0;
    __atomic_store_n(&channel->here, 1, __ATOMIC_RELEASE);
    __atomic_store_n(&channel->source, ctx, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&lock);
  return free ? channel : NULL;
}

token_channel *token_join_sink(uint64_t number) {
  token_channel *channel = &channels[number];
  pthread_mutex_lock(&lock);
  int free = channel->sinks == 0;
  channel->sinks = 1;
  pthread_mutex_unlock(&lock);
  return free ? channel : NULL;
}

void token_leave_source(token_channel *channel) {
  pthread_mutex_lock(&lock);
  __atomic_store_n(&channel->source, NULL, __ATOMIC_RELEASE);
  pthread_mutex_unlock(&lock);
}

void token_leave_sink(token_channel *channel) {
  pthread_mutex_lock(&lock);
  channel->sinks = 0;
  pthread_mutex_unlock(&lock);
}

void token_give_back(token_channel *channel, int64_t now) {
  mr_ctx *source = __atomic_load_n(&channel->source, __ATOMIC_ACQUIRE);
  channel->returned = now;
  __atomic_store_n(&channel->here, 1, __ATOMIC_RELEASE);
  if (source != NULL) /* a context outlives its instance: a late wake is ignored */
    channel->host->wake(source);
}
