// SPDX-License-Identifier: Apache-2.0
// millrace/cpp/operator.hpp - what an operator inherits, and the members that give it abilities.
//
// Inherit from Operator<Self> (records in, records out), Source, Sink or Partitioner, declare
// `info`, and write the functions of its kind. A constructor may take a Config. Calls of one
// instance never overlap, but the thread may change; functions marked [bg] may run while others do.
//
//   kind          must have                          may have
//   Operator      Result process(Batch)              start, stop
//   Sink          Result process(Batch)              start, stop
//   Source        Result poll(Poll &)                start, stop
//   Partitioner   Result route(Batch, count, targets)  start, load
//
//   Result start(const mr_start &facts)       before the first record; may open files
//   Result stop()                             no more input; again while it answers `full`
//   void load(const uint8_t *level, uint32_t count)   fill levels of the targets, 0 to 255
//
// An extension exists if the type has the first member of its row:
//
//   save          millrace.state/1. Result save(uint64_t epoch, Writer &)
//                 Result restore(const mr_snapshot &, Reader &), merges one piece
//                 static constexpr uint32_t state_version, 1 without it
//                 static bool can_restore(uint32_t version); without it: an equal one
//                 void epoch_end(uint64_t epoch, bool done)
//                 freeze: Image *freeze(uint64_t epoch), Result save_image(Image &, Writer &) [bg],
//                 void drop_image(Image *) [bg]; then save is not called
//   poll          millrace.source/1. static constexpr uint32_t rereading = MR_SOURCE_…
//                 static constexpr int64_t max_disorder
//                 Result acknowledge(uint64_t epoch) [bg]
//                 uint32_t descriptors(int32_t *fds, uint32_t capacity)
//                 void discover(SplitCollector &) [bg], Result assign(Splits),
//                 void positions(uint64_t epoch, SplitCollector &),
//                 Result pause(uint32_t split, bool on),
//                 Result seek_time(const mr_split &, int64_t time, SplitCollector &) [bg]
//   prepare       millrace.sink/1. Result prepare(uint64_t epoch, Writer &token)
//                 mr_commit_result commit(const mr_committable &) [bg]
//                 Result abort(const mr_committable &) [bg], Result open(const mr_sink_writer &),
//                 Result fence(), Result limits(mr_sink_limits &)
//   route         millrace.partition/1
//   apply         millrace.reconfigure/1. Result apply(Config)
//   extension     any other: static const void *extension(std::string_view id)
//
// Members must be public, and not overloaded.
#ifndef MILLRACE_CPP_OPERATOR_HPP
#define MILLRACE_CPP_OPERATOR_HPP

#include "describe.hpp"
#include "services.hpp"

namespace millrace {

// One poll: `credit` records at most, all from `split`; `watermark` may be raised.
using Poll = mr_poll;

namespace detail {
struct Access;

// What every instance knows of its host.
template <class Self> class Instance {
public:
  // The services of the host. In the constructor: Config::host.
  Host host() const { return host_; }
  // Facts about the running instance, from start on.
  const mr_start &facts() const { return *facts_; }
  // The number to write into the header of records for an output port.
  std::uint32_t out_schema(std::uint32_t port = 0) const { return facts_->out_schema[port]; }

  // The port at that place of `outputs`, from start on.
  template <std::uint32_t Port = 0> Output out() const {
    static_assert(Port < Self::output_count(), "there is no such output port");
    return Output(facts_->out[Port]);
  }
  Output out(std::uint32_t port) const { return Output(facts_->out[port]); }

  // This record is unusable, and why. Those before it are done, the others come again. Nothing may
  // have been written for it.
  Result bad(std::uint32_t position, std::string_view why) const {
    host_.set_error(MR_E_DATA, why);
    return {MR_E_DATA, position, 0};
  }
  Result bad(Record record, std::string_view why) const { return bad(record.position(), why); }
  // The call failed; the status decides what happens now, the text is for people.
  Result fail(mr_status status, std::string_view why) const {
    host_.set_error(status, why);
    return {status, 0, 0};
  }
  // Nothing happened, and the same call may work in a while; 0: the host says when.
  Result retry(std::uint32_t milliseconds, std::string_view why) const {
    host_.set_error(MR_E_TRANSIENT, why);
    return {MR_E_TRANSIENT, 0, milliseconds};
  }

  // How many outputs Self declares; without a declaration, what its kind has.
  static constexpr std::uint32_t output_count();

protected:
  Instance() = default;
  ~Instance() = default; // by its own type only: nothing here is virtual

private:
  friend struct Access;
  Host host_;
  const mr_start *facts_ = nullptr;
};

struct Access {
  template <class Self> static void bind(Instance<Self> &instance, Host host) {
    instance.host_ = host;
  }
  template <class Self> static void start(Instance<Self> &instance, const mr_start *facts) {
    instance.facts_ = facts;
  }
};

// Does a type have a member of that name?
#define MILLRACE_MEMBER(NAME)                                                                      \
  template <class T, class = void> inline constexpr bool has_##NAME = false;                       \
  template <class T> inline constexpr bool has_##NAME<T, std::void_t<decltype(&T::NAME)>> = true
MILLRACE_MEMBER(parameters);
MILLRACE_MEMBER(inputs);
MILLRACE_MEMBER(outputs);
MILLRACE_MEMBER(start);
MILLRACE_MEMBER(stop);
MILLRACE_MEMBER(process);
MILLRACE_MEMBER(poll);
MILLRACE_MEMBER(route);
MILLRACE_MEMBER(load);
MILLRACE_MEMBER(save);
MILLRACE_MEMBER(restore);
MILLRACE_MEMBER(freeze);
MILLRACE_MEMBER(state_version);
MILLRACE_MEMBER(can_restore);
MILLRACE_MEMBER(epoch_end);
MILLRACE_MEMBER(rereading);
MILLRACE_MEMBER(max_disorder);
MILLRACE_MEMBER(acknowledge);
MILLRACE_MEMBER(descriptors);
MILLRACE_MEMBER(discover);
MILLRACE_MEMBER(pause);
MILLRACE_MEMBER(seek_time);
MILLRACE_MEMBER(prepare);
MILLRACE_MEMBER(limits);
MILLRACE_MEMBER(open);
MILLRACE_MEMBER(fence);
MILLRACE_MEMBER(abort);
MILLRACE_MEMBER(apply);
MILLRACE_MEMBER(extension);
#undef MILLRACE_MEMBER

} // namespace detail

// Takes records in, gives records out. Without declarations: any records in, the same kind out.
template <class Self> struct Operator : detail::Instance<Self> {
  static constexpr mr_kind kind = MR_KIND_TRANSFORM;
};

// Brings records in, as many as there is credit for, and never waits.
template <class Self> struct Source : detail::Instance<Self> {
  static constexpr mr_kind kind = MR_KIND_SOURCE;
};

// Takes records out of the topology.
template <class Self> struct Sink : detail::Instance<Self> {
  static constexpr mr_kind kind = MR_KIND_SINK;
};

// Chooses the task that each record goes to: a number below `count`, MR_TARGET_ALL or
// MR_TARGET_NONE, which all targets are when route is called.
template <class Self> struct Partitioner : detail::Instance<Self> {
  static constexpr mr_kind kind = MR_KIND_PARTITIONER;
};

template <class Self> constexpr std::uint32_t detail::Instance<Self>::output_count() {
  if constexpr (has_outputs<Self>)
    return static_cast<std::uint32_t>(std::size(Self::outputs));
  else
    return Self::kind == MR_KIND_TRANSFORM || Self::kind == MR_KIND_SOURCE ? 1 : 0;
}

} // namespace millrace

#endif
