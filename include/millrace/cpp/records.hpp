// SPDX-License-Identifier: Apache-2.0
// millrace/cpp/records.hpp - records that come in, records that go out.
#ifndef MILLRACE_CPP_RECORDS_HPP
#define MILLRACE_CPP_RECORDS_HPP

#include "../millrace.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace millrace {

// What became of a call. Made by `ok`, `done`, `yield`, by an output that is full, and by the
// functions of an operator that say what went wrong: `bad`, `fail`, `retry`.
struct [[nodiscard]] Result {
  mr_status status = MR_OK;
  std::uint32_t position = 0; // records before it are done; with MR_E_DATA it is the bad one
  std::uint32_t retry_ms = 0;

  constexpr explicit operator bool() const { return status == MR_OK; }
};

inline constexpr Result ok{};
inline constexpr Result done{MR_DONE};     // no further call of this kind is wanted
inline constexpr Result nothing{MR_AGAIN}; // a source has nothing now; Host::wake says when it has
inline constexpr Result more_later{MR_YIELD}; // a source wrote some; let others run first

// The first `consumed` records are done; let others run before the rest.
constexpr Result yield(std::uint32_t consumed) { return {MR_YIELD, consumed, 0}; }

// The bytes of a text that the C headers hand over.
inline std::string_view text(mr_str bytes) {
  return {bytes.data, static_cast<std::size_t>(bytes.size)};
}

// The header of a record without a key; its length is filled in when it is written.
constexpr mr_record unkeyed(std::uint32_t schema = 0, std::int64_t event_time = MR_TIME_NONE) {
  return {0, MR_REC_UNKEYED, 0, event_time, 0, schema, 0};
}

// The header of a record with a key, for `Output::emit(head, key, value)`. The hash is Host::hash
// of the key, or `key_hash()` of a record with the same one.
constexpr mr_record keyed(std::uint64_t hash, std::uint32_t schema = 0,
                          std::int64_t event_time = MR_TIME_NONE) {
  return {0, 0, 0, event_time, hash, schema, 0};
}

// One record, where it lies. Valid until the call it came with returns.
class Record {
public:
  Record(const mr_batch *batch, std::uint32_t position)
      : batch_(batch), raw_(mr_at(batch, position)), position_(position) {}

  // Key and value.
  std::string_view payload() const { return {bytes(), raw_->length}; }
  std::string_view key() const { return {bytes(), raw_->key_length}; }
  // What follows the key. At any address: use memcpy for numbers.
  std::string_view value() const { return {bytes() + raw_->key_length, mr_value_size(raw_)}; }

  bool is_keyed() const { return (raw_->flags & MR_REC_UNKEYED) == 0; }
  // Takes back an earlier record with the same payload.
  bool is_retraction() const { return (raw_->flags & MR_REC_RETRACT) != 0; }
  std::uint64_t key_hash() const { return raw_->key_hash; }
  // Nanoseconds since 1970, or MR_TIME_NONE.
  std::int64_t event_time() const { return raw_->event_time; }
  std::uint32_t schema() const { return raw_->schema; }
  // Where it is in its batch.
  std::uint32_t position() const { return position_; }

  // The header for a record made from this one: same key, time, schema and trace.
  mr_record head() const {
    mr_record head = *raw_;
    head.flags = static_cast<std::uint16_t>(head.flags & MR_REC_USER);
    return head;
  }

  const mr_batch *batch() const { return batch_; }

private:
  const char *bytes() const { return reinterpret_cast<const char *>(mr_payload(batch_, raw_)); }

  const mr_batch *batch_;
  const mr_record *raw_;
  std::uint32_t position_;
};

// Up to a few hundred records of one input port: `for (millrace::Record r : batch)`.
class Batch {
public:
  explicit Batch(const mr_batch *raw) : raw_(raw) {}

  class iterator {
  public:
    iterator(const mr_batch *raw, std::uint32_t position) : raw_(raw), position_(position) {}
    Record operator*() const {
      mr_prefetch(raw_, position_ + 4);
      return {raw_, position_};
    }
    iterator &operator++() {
      ++position_;
      return *this;
    }
    bool operator!=(const iterator &other) const { return position_ != other.position_; }

  private:
    const mr_batch *raw_;
    std::uint32_t position_;
  };

  iterator begin() const { return {raw_, 0}; }
  iterator end() const { return {raw_, raw_->count}; }
  // 0 only when is_last().
  std::uint32_t size() const { return raw_->count; }
  // A position below size().
  Record operator[](std::uint32_t position) const { return {raw_, position}; }

  // The input port that all of them come from.
  std::uint32_t input() const { return raw_->input; }
  // More input is waiting behind this batch.
  bool has_more() const { return (raw_->flags & MR_BATCH_MORE) != 0; }
  // The input ends after this batch.
  bool is_last() const { return (raw_->flags & MR_BATCH_LAST) != 0; }
  // No record with an earlier event time follows.
  std::int64_t watermark() const { return raw_->watermark; }
  // Position of the first record in its lane; the same after a restart.
  std::uint64_t sequence() const { return raw_->sequence; }

  const mr_batch *raw() const { return raw_; }

private:
  const mr_batch *raw_;
};

// One output port. Records are written in place, into memory that the receiver reads, and become
// visible when the call returns: all of them, or none if it fails.
//
// A write that finds no room answers false or null, and nothing of the record exists; then return
// `out().full(record.position())`. Ports whose bounds are declared always have room.
class Output {
public:
  explicit Output(mr_out *raw) : raw_(raw) {}

  // Nobody reads this port: what is written is counted and dropped.
  bool is_unused() const { return (raw_->flags & MR_OUT_UNUSED) != 0; }

  // Room for a payload of up to `length` bytes, until the next call on this port.
  char *reserve(std::size_t length) {
    if (MR_UNLIKELY(length > largest))
      return static_cast<char *>(refuse(MR_E_TOO_LARGE));
    return static_cast<char *>(mr_reserve(raw_, static_cast<std::uint32_t>(length)));
  }

  // Makes a record of the first `length` bytes that were just reserved. head.key_length of them are
  // its key.
  void commit(mr_record head, std::size_t length) {
    head.length = static_cast<std::uint32_t>(length);
    mr_commit(raw_, &head);
  }

  [[nodiscard]] bool emit(const mr_record &head, std::string_view payload) {
    char *room = reserve(payload.size());
    if (MR_UNLIKELY(room == nullptr))
      return false;
    copy(room, payload);
    commit(head, payload.size());
    return true;
  }

  // The key's length is taken from here, its hash from `head`.
  [[nodiscard]] bool emit(mr_record head, std::string_view key, std::string_view value) {
    if (MR_UNLIKELY(key.size() > UINT16_MAX || value.size() > largest))
      return refuse(MR_E_TOO_LARGE) != nullptr;
    char *room = reserve(key.size() + value.size());
    if (MR_UNLIKELY(room == nullptr))
      return false;
    copy(room, key);
    copy(room + key.size(), value);
    head.key_length = static_cast<std::uint16_t>(key.size());
    commit(head, key.size() + value.size());
    return true;
  }

  // Passes the whole batch on, without copying where that is possible.
  Result forward(Batch batch) { return forward(batch, nullptr, batch.size()); }

  // Passes on the records at these positions, which ascend. One call for a batch, not one for a
  // record: how many are kept decides whether they are shared or copied.
  Result forward(Batch batch, const std::uint32_t *positions, std::uint32_t count) {
    if (count == 0)
      return ok;
    raw_->status = mr_forward(raw_, batch.raw(), positions, count);
    return {raw_->status, 0, 0};
  }

  // Passes on the records for which `keep(record)` is true.
  template <class Keep> Result forward_if(Batch batch, Keep keep) {
    std::uint32_t picked[256];
    for (std::uint32_t first = 0; first < batch.size(); first += 256) {
      const std::uint32_t rest = batch.size() - first;
      const std::uint32_t end = first + (rest < 256 ? rest : 256);
      std::uint32_t count = 0;
      for (std::uint32_t i = first; i < end; i++) {
        mr_prefetch(batch.raw(), i + 4);
        picked[count] = i;
        count += keep(batch[i]) ? 1 : 0;
      }
      const Result passed = forward(batch, picked, count);
      if (!passed)
        return {passed.status, first, 0};
    }
    return ok;
  }

  // Passes one record on under a new header: another time, schema or flags, or less of the payload
  // as its key.
  [[nodiscard]] bool forward_as(Record record, const mr_record &head) {
    raw_->status = raw_->ops->forward_as(raw_, record.batch(), record.position(), &head);
    return raw_->status == MR_OK;
  }

  // What to return after a write found no room: the first `consumed` records are done.
  Result full(std::uint32_t consumed = 0) const {
    return {raw_->status == MR_OK ? MR_AGAIN : raw_->status, consumed, 0};
  }

  mr_out *raw() const { return raw_; }

private:
  static constexpr std::size_t largest = 1u << 30; // far above what a host takes

  void *refuse(mr_status status) {
    raw_->status = status;
    return nullptr;
  }
  static void copy(char *room, std::string_view bytes) {
    if (!bytes.empty())
      std::memcpy(room, bytes.data(), bytes.size());
  }

  mr_out *raw_;
};

} // namespace millrace

#endif
