// SPDX-License-Identifier: Apache-2.0
// millrace/cpp/services.hpp - what the host does for an instance: parameters, metrics, logs,
// streams of saved state.
#ifndef MILLRACE_CPP_SERVICES_HPP
#define MILLRACE_CPP_SERVICES_HPP

#include "records.hpp"

#include <string>
#include <type_traits>

namespace millrace {

// Everything may be called from any thread, also after the instance is gone, except random().
class Host {
public:
  Host() = default;
  Host(const mr_host *table, mr_ctx *context) : table_(table), context_(context) {}

  // Asks for a call soon: input from outside is ready.
  void wake() const { table_->wake(context_); }
  // One line in the job's log. The host limits the rate.
  void log(mr_level level, std::string_view text) const {
    table_->log(context_, level, text.data(), text.size());
  }
  // Nanoseconds since 1970, as the job sees time: virtual in tests and replays.
  std::int64_t wall_time() const { return table_->now(context_, MR_CLOCK_WALL); }
  // Nanoseconds of real time, for measuring only.
  std::int64_t monotonic_time() const { return table_->now(context_, MR_CLOCK_MONOTONIC); }
  // A number that a replay gives again. Only from the operator's own calls.
  std::uint64_t random() const { return table_->random(context_); }
  // The hash that decides where a record with this key goes.
  std::uint64_t hash(std::string_view key) const { return table_->hash(key.data(), key.size()); }
  // The text of the failure that is about to be returned.
  void set_error(mr_status status, std::string_view text) const {
    table_->set_error(context_, status, text.data(), text.size());
  }
  // A service by its id, or null when this host has none.
  const void *extension(const char *id) const { return table_->extension(table_, id); }

  const mr_host *table() const { return table_; }
  mr_ctx *context() const { return context_; }

private:
  const mr_host *table_ = nullptr;
  mr_ctx *context_ = nullptr;
};

// A number that only grows. Adding is one store, no call; without metrics it counts for nobody.
class Counter {
public:
  Counter() = default;
  explicit Counter(std::uint64_t *cell) : cell_(cell) {}
  void operator+=(std::uint64_t amount) {
    if (cell_ != nullptr)
      *cell_ += amount;
  }
  void operator++() { *this += 1; }

private:
  std::uint64_t *cell_ = nullptr;
};

// A number that goes up and down.
class Gauge {
public:
  Gauge() = default;
  explicit Gauge(std::int64_t *cell) : cell_(cell) {}
  void operator=(std::int64_t value) {
    if (cell_ != nullptr)
      *cell_ = value;
  }

private:
  std::int64_t *cell_ = nullptr;
};

// How often values of each magnitude came.
class Histogram {
public:
  Histogram() = default;
  Histogram(const mr_host_metrics *metrics, mr_histogram *raw) : metrics_(metrics), raw_(raw) {}
  void observe(std::uint64_t value) {
    if (raw_ != nullptr)
      metrics_->observe(raw_, value);
  }

private:
  const mr_host_metrics *metrics_ = nullptr;
  mr_histogram *raw_ = nullptr;
};

// The parameters of an instance, and what it may ask for while it is made.
//
// A parameter is named as it was declared, a part of it by JSON Pointer: "/columns/0/name". Values
// were checked and defaults filled in before. A getter that fails gives a zero or an empty text;
// the failure is kept, and the instance is not made. So there is nothing to test or to throw.
class Config {
public:
  // Of a call of the host; `status` becomes the first failure.
  Config(const mr_config *raw, Host host, mr_status *status)
      : raw_(raw), host_(host), status_(status) {}

  // Was it given, or has it a default?
  bool has(const char *name) const { return raw_->type(raw_, path(name).c_str()) != MR_T_ABSENT; }
  bool boolean(const char *name) const { return get<std::uint32_t>(name, raw_->get_bool) != 0; }
  // An integer, a duration in nanoseconds, or a size in bytes.
  std::int64_t integer(const char *name) const { return get<std::int64_t>(name, raw_->get_int); }
  // A number, or a rate per second.
  double number(const char *name) const { return get<double>(name, raw_->get_float); }
  // A text, a choice, an expression or the path of a field. Gone when the call returns: copy it.
  std::string_view text(const char *name) const {
    return millrace::text(get<mr_str>(name, raw_->get_string));
  }
  // How many items a list or a map has.
  std::uint64_t count(const char *name) const { return raw_->length(raw_, path(name).c_str()); }
  // The name of one entry of a map.
  std::string_view key(const char *name, std::uint64_t position) const {
    mr_str value{};
    keep(raw_->key(raw_, path(name).c_str(), position, &value));
    return millrace::text(value);
  }

  // The parameters cannot work together: nothing is tried again until they change.
  void refuse(std::string_view text) const {
    if (*status_ == MR_OK)
      host_.set_error(MR_E_CONFIG, text);
    keep(MR_E_CONFIG);
  }
  bool is_refused() const { return *status_ != MR_OK; }

  // Metrics of this instance: at most 64, each name once. One too many counts for nobody.
  Counter counter(const char *name, const char *unit, const char *help) const {
    const mr_host_metrics *m = metrics();
    return m == nullptr ? Counter() : Counter(m->counter(host_.context(), name, unit, help));
  }
  Gauge gauge(const char *name, const char *unit, const char *help) const {
    const mr_host_metrics *m = metrics();
    return m == nullptr ? Gauge() : Gauge(m->gauge(host_.context(), name, unit, help));
  }
  Histogram histogram(const char *name, const char *unit, const char *help) const {
    const mr_host_metrics *m = metrics();
    return m == nullptr ? Histogram()
                        : Histogram(m, m->histogram(host_.context(), name, unit, help));
  }

  Host host() const { return host_; }
  const mr_config *raw() const { return raw_; }

private:
  template <class Value>
  Value get(const char *name, mr_status (*getter)(const mr_config *, const char *, Value *)) const {
    Value value{};
    keep(getter(raw_, path(name).c_str(), &value));
    return value;
  }
  void keep(mr_status status) const {
    if (*status_ == MR_OK)
      *status_ = status;
  }
  static std::string path(const char *name) {
    return name[0] == '/' ? std::string(name) : "/" + std::string(name);
  }
  const mr_host_metrics *metrics() const {
    return static_cast<const mr_host_metrics *>(host_.extension(MR_EXT_METRICS));
  }

  const mr_config *raw_;
  Host host_;
  mr_status *status_;
};

// Where an operator saves its state. A failure is kept: what follows does nothing, and the call
// that got the writer fails with it.
class Writer {
public:
  explicit Writer(mr_writer *raw) : raw_(raw) {}

  void write(const void *data, std::size_t size) {
    const char *bytes = static_cast<const char *>(data);
    while (status_ == MR_OK && size > 0) {
      const std::int64_t moved = raw_->write(raw_, bytes, size);
      if (moved <= 0) { // 0 would never end
        status_ = moved < 0 ? static_cast<mr_status>(moved) : MR_E_IO;
        return;
      }
      bytes += moved;
      size -= static_cast<std::size_t>(moved);
    }
  }
  void write(std::string_view bytes) { write(bytes.data(), bytes.size()); }
  // The bytes of a number or of a plain struct, as they are in memory.
  template <class Value> void write(const Value &value) {
    static_assert(std::is_trivially_copyable_v<Value> && !std::is_pointer_v<Value>,
                  "write the bytes of this type one by one");
    write(&value, sizeof value);
  }
  // What follows belongs to this key group and moves with it. Groups ascend.
  void key_group(std::uint32_t group) {
    if (status_ == MR_OK)
      status_ = raw_->key_group(raw_, group);
  }

  mr_status status() const { return status_; }
  const char *why() const { return nullptr; }

private:
  mr_writer *raw_;
  mr_status status_ = MR_OK;
};

// Where an operator reads a piece of saved state. A piece that ends too soon fails the call that
// got the reader.
class Reader {
public:
  explicit Reader(mr_reader *raw) : raw_(raw) {}

  // All of it, or false: at the end, and after a failure.
  bool read(void *into, std::size_t size) {
    char *bytes = static_cast<char *>(into);
    std::size_t done = 0;
    while (status_ == MR_OK && done < size) {
      const std::int64_t moved = raw_->read(raw_, bytes + done, size - done);
      if (moved < 0)
        status_ = static_cast<mr_status>(moved);
      else if (moved == 0 && done == 0)
        return false;
      else if (moved == 0)
        cut();
      else
        done += static_cast<std::size_t>(moved);
    }
    return status_ == MR_OK;
  }
  template <class Value> bool read(Value &value) {
    static_assert(std::is_trivially_copyable_v<Value> && !std::is_pointer_v<Value>,
                  "read the bytes of this type one by one");
    return read(&value, sizeof value);
  }
  // Appends so many bytes. The count comes from the state, so it is not believed: no more memory is
  // taken than the state has bytes.
  bool read(std::string &into, std::uint64_t count) {
    char chunk[4096];
    while (count > 0) {
      const std::size_t size =
          count < sizeof chunk ? static_cast<std::size_t>(count) : sizeof chunk;
      if (!read(chunk, size)) {
        if (status_ == MR_OK)
          cut();
        return false;
      }
      into.append(chunk, size);
      count -= size;
    }
    return status_ == MR_OK;
  }

  mr_status status() const { return status_; }
  // What the host has not said about the failure, or null.
  const char *why() const { return is_cut_ ? "the saved state is cut short" : nullptr; }

private:
  void cut() {
    status_ = MR_E_STATE;
    is_cut_ = true;
  }

  mr_reader *raw_;
  mr_status status_ = MR_OK;
  bool is_cut_ = false;
};

// The splits of a source, as the host hands them out: `for (const mr_split &split : splits)`.
class Splits {
public:
  Splits(const mr_split *first, std::uint64_t count) : first_(first), count_(count) {}
  const mr_split *begin() const { return first_; }
  const mr_split *end() const { return first_ + count_; }
  std::uint64_t size() const { return count_; }

private:
  const mr_split *first_;
  std::uint64_t count_;
};

// Where a source names its splits. A failure is kept, as that of a Writer.
class SplitCollector {
public:
  explicit SplitCollector(mr_splits *raw) : raw_(raw) {}
  void add(std::string_view id, std::string_view position = {}) {
    const mr_split split{{id.data(), id.size()}, {position.data(), position.size()}};
    if (status_ == MR_OK)
      status_ = raw_->put(raw_, &split, 1);
  }
  mr_status status() const { return status_; }
  const char *why() const { return nullptr; }

private:
  mr_splits *raw_;
  mr_status status_ = MR_OK;
};

} // namespace millrace

#endif
