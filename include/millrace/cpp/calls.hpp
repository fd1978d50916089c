// SPDX-License-Identifier: Apache-2.0
// millrace/cpp/calls.hpp - the boundary: C functions that call a C++ object, and let nothing out.
//
// Thrown errors become a status and a text. `abi::__forced_unwind`, by which a thread is cancelled,
// is no error and goes on. None of these functions is `noexcept`: that would end the process.
#ifndef MILLRACE_CPP_CALLS_HPP
#define MILLRACE_CPP_CALLS_HPP

#include "operator.hpp"

#include <iterator>
#include <memory>
#include <new>

#if defined(__cpp_exceptions)
#include <exception>
#if defined(__GLIBCXX__)
#include <cxxabi.h>
#endif
#endif

namespace millrace {

#if defined(__cpp_exceptions)
// Thrown by an operator that wants another status than MR_E_PANIC.
class Error : public std::exception {
public:
  Error(mr_status status, std::string text) : status_(status), text_(std::move(text)) {}
  mr_status status() const { return status_; }
  const char *what() const noexcept override { return text_.c_str(); }

private:
  mr_status status_;
  std::string text_;
};
#endif

namespace detail {

// Calls `body`; what it throws becomes a status, and text for people. `otherwise` is the status for
// what says no status itself.
template <class Body> mr_status guarded(Host host, Body body, mr_status otherwise = MR_E_PANIC) {
#if defined(__cpp_exceptions)
  try {
    return body();
#if defined(__GLIBCXX__)
  } catch (abi::__forced_unwind &) {
    throw;
#endif
  } catch (const Error &error) {
    host.set_error(error.status(), error.what());
    return error.status() < 0 ? error.status() : MR_E_INTERNAL;
  } catch (const std::bad_alloc &) {
    host.set_error(MR_E_NOMEM, "out of memory");
    return MR_E_NOMEM;
  } catch (const std::exception &error) {
    host.set_error(otherwise, error.what());
    return otherwise;
  } catch (...) {
    host.set_error(otherwise, "something was thrown that is no std::exception");
    return otherwise;
  }
#else
  (void)host;
  (void)otherwise;
  return body();
#endif
}

template <class T> T &self(void *op) { return *static_cast<T *>(op); }

// A call that takes part in nothing but success or failure.
template <class T, class Body> mr_status attempt(void *op, Body body) {
  T &object = self<T>(op);
  return guarded(object.host(), [&] { return body(object).status; });
}

// A call that may fail in a stream, too.
template <class T, class Stream, class Body>
mr_status attempt_with(void *op, Stream stream, Body body) {
  T &object = self<T>(op);
  return guarded(object.host(), [&] {
    const Result result = body(object, stream);
    if (result.status < 0)
      return result.status;
    if (stream.why() != nullptr)
      object.host().set_error(stream.status(), stream.why());
    return stream.status();
  });
}

inline mr_status settle(Result result, mr_work *work) {
  if (result.status == MR_AGAIN || result.status == MR_YIELD)
    work->consumed = result.position;
  else if (result.status == MR_E_DATA)
    work->bad = result.position;
  else if (result.status == MR_E_TRANSIENT)
    work->retry_ms = result.retry_ms;
  return result.status;
}

// A constructor that throws has refused its configuration.
template <class T>
mr_status create(const mr_operator *, const mr_host *table, mr_ctx *context, const mr_config *raw,
                 void **op) {
  const Host host(table, context);
  return guarded(
      host,
      [&] {
        mr_status status = MR_OK;
        T *object;
        if constexpr (std::is_constructible_v<T, Config>)
          object = new (std::nothrow) T(Config(raw, host, &status));
        else
          object = new (std::nothrow) T();
        if (object == nullptr) {
          host.set_error(MR_E_NOMEM, "out of memory");
          return MR_E_NOMEM;
        }
        if (status != MR_OK) {
          delete object;
          return status;
        }
        Access::bind(*object, host);
        *op = object;
        return MR_OK;
      },
      MR_E_CONFIG);
}

// A call without an answer: what it throws is only logged.
template <class Body> void quietly(Host host, Body body) {
  const mr_status status = guarded(host, [&] {
    body();
    return MR_OK;
  });
  if (status != MR_OK)
    host.log(MR_ERROR, "an exception was thrown by a call that has no answer");
}

template <class T> void destroy(void *op) {
  T *object = static_cast<T *>(op);
  quietly(object->host(), [&] { delete object; });
}

template <class T> mr_status start(void *op, const mr_start *facts) {
  T &object = self<T>(op);
  Access::start(object, facts);
  if constexpr (has_start<T>)
    return guarded(object.host(), [&] { return object.start(*facts).status; });
  else
    return MR_OK;
}

template <class T> mr_status stop(void *op) {
  return attempt<T>(op, [](T &object) { return object.stop(); });
}

template <class T> mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  T &object = self<T>(op);
  return guarded(object.host(), [&] { return settle(object.process(Batch(batch)), work); });
}

template <class T> mr_status poll(void *op, mr_poll *poll, mr_work *work) {
  T &object = self<T>(op);
  return guarded(object.host(), [&] { return settle(object.poll(*poll), work); });
}

template <class T>
mr_status route(void *op, const mr_batch *batch, std::uint32_t count, std::uint32_t *targets) {
  for (std::uint32_t i = 0; i < batch->count; i++)
    targets[i] = MR_TARGET_NONE;
  return attempt<T>(op, [&](T &object) { return object.route(Batch(batch), count, targets); });
}

template <class T> constexpr mr_partition partition_calls() {
  mr_partition calls{};
  calls.struct_size = sizeof calls;
  calls.route = route<T>;
  if constexpr (has_load<T>)
    calls.load = [](void *op, const std::uint8_t *level, std::uint32_t count) {
      quietly(self<T>(op).host(), [&] { self<T>(op).load(level, count); });
    };
  return calls;
}

template <class T> constexpr std::uint32_t state_version() {
  if constexpr (has_state_version<T>)
    return T::state_version;
  else
    return has_save<T> || has_freeze<T> ? 1 : 0;
}

template <class T> constexpr mr_state state_calls() {
  mr_state calls{};
  calls.struct_size = sizeof calls;
  if constexpr (has_save<T>)
    calls.save = [](void *op, std::uint64_t epoch, mr_writer *raw) {
      return attempt_with<T>(op, Writer(raw),
                             [&](T &object, Writer &w) { return object.save(epoch, w); });
    };
  if constexpr (has_freeze<T>) {
    using Image = std::remove_pointer_t<decltype(std::declval<T &>().freeze(0))>;
    calls.freeze = [](void *op, std::uint64_t epoch, void **image) {
      return guarded(self<T>(op).host(), [&] {
        *image = self<T>(op).freeze(epoch);
        return *image == nullptr ? MR_E_NOMEM : MR_OK;
      });
    };
    calls.save_image = [](void *op, void *image, mr_writer *raw) {
      return attempt_with<T>(op, Writer(raw), [&](T &object, Writer &w) {
        return object.save_image(*static_cast<Image *>(image), w);
      });
    };
    calls.drop_image = [](void *op, void *image) {
      quietly(self<T>(op).host(), [&] { self<T>(op).drop_image(static_cast<Image *>(image)); });
    };
  }
  calls.restore = [](void *op, const mr_snapshot *snapshot, mr_reader *raw) {
    return attempt_with<T>(op, Reader(raw),
                           [&](T &object, Reader &r) { return object.restore(*snapshot, r); });
  };
  if constexpr (has_epoch_end<T>)
    calls.epoch_end = [](void *op, std::uint64_t epoch, std::uint32_t done) {
      quietly(self<T>(op).host(), [&] { self<T>(op).epoch_end(epoch, done != 0); });
    };
  if constexpr (has_can_restore<T>)
    calls.can_restore = [](const mr_operator *, std::uint32_t version) {
      return T::can_restore(version) ? std::uint32_t{1} : std::uint32_t{0};
    };
  return calls;
}

template <class T> constexpr void split_calls(mr_source &calls) {
  calls.discover = [](void *op, mr_splits *raw) {
    return attempt_with<T>(op, SplitCollector(raw), [](T &object, SplitCollector &found) {
      object.discover(found);
      return ok;
    });
  };
  calls.assign = [](void *op, const mr_split *splits, std::uint64_t count) {
    return attempt<T>(op, [&](T &object) { return object.assign(Splits(splits, count)); });
  };
  calls.positions = [](void *op, std::uint64_t epoch, mr_splits *raw) {
    return attempt_with<T>(op, SplitCollector(raw), [&](T &object, SplitCollector &into) {
      object.positions(epoch, into);
      return ok;
    });
  };
  if constexpr (has_pause<T>)
    calls.pause = [](void *op, std::uint32_t split, std::uint32_t on) {
      return attempt<T>(op, [&](T &object) { return object.pause(split, on != 0); });
    };
  if constexpr (has_seek_time<T>)
    calls.seek_time = [](void *op, const mr_split *split, std::int64_t time, mr_splits *raw) {
      return attempt_with<T>(op, SplitCollector(raw), [&](T &object, SplitCollector &into) {
        return object.seek_time(*split, time, into);
      });
    };
}

template <class T> constexpr mr_source source_calls() {
  mr_source calls{};
  calls.struct_size = sizeof calls;
  if constexpr (has_rereading<T>)
    calls.flags = T::rereading;
  if constexpr (has_max_disorder<T>)
    calls.max_disorder = T::max_disorder;
  calls.poll = poll<T>;
  if constexpr (has_acknowledge<T>)
    calls.acknowledge = [](void *op, std::uint64_t epoch) {
      return attempt<T>(op, [&](T &object) { return object.acknowledge(epoch); });
    };
  if constexpr (has_descriptors<T>)
    calls.descriptors = [](void *op, std::int32_t *fds, std::uint32_t capacity) {
      std::uint32_t count = 0;
      quietly(self<T>(op).host(), [&] { count = self<T>(op).descriptors(fds, capacity); });
      return count;
    };
  if constexpr (has_discover<T>)
    split_calls<T>(calls);
  return calls;
}

template <class T> constexpr mr_sink sink_calls() {
  mr_sink calls{};
  calls.struct_size = sizeof calls;
  calls.prepare = [](void *op, std::uint64_t epoch, mr_writer *raw) {
    return attempt_with<T>(op, Writer(raw),
                           [&](T &object, Writer &token) { return object.prepare(epoch, token); });
  };
  // What is thrown says nothing about the transaction, so it is tried again.
  calls.commit = [](void *op, const mr_committable *what) {
    mr_commit_result result = MR_COMMIT_RETRY;
    quietly(self<T>(op).host(), [&] { result = self<T>(op).commit(*what); });
    return result;
  };
  calls.abort = [](void *op, const mr_committable *what) {
    return attempt<T>(op, [&](T &object) { return object.abort(*what); });
  };
  calls.open = [](void *op, const mr_sink_writer *who) {
    return attempt<T>(op, [&](T &object) { return object.open(*who); });
  };
  if constexpr (has_fence<T>)
    calls.fence = [](void *op) { return attempt<T>(op, [](T &object) { return object.fence(); }); };
  if constexpr (has_limits<T>)
    calls.limits = [](void *op, mr_sink_limits *limits) {
      return attempt<T>(op, [&](T &object) { return object.limits(*limits); });
    };
  return calls;
}

template <class T> constexpr mr_reconfigure reconfigure_calls() {
  mr_reconfigure calls{};
  calls.struct_size = sizeof calls;
  calls.apply = [](void *op, const mr_config *raw) {
    mr_status status = MR_OK;
    const mr_status answer = attempt<T>(
        op, [&](T &object) { return object.apply(Config(raw, object.host(), &status)); });
    return answer < 0 ? answer : status;
  };
  return calls;
}

} // namespace detail
} // namespace millrace

#endif
