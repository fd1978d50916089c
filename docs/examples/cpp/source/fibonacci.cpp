// SPDX-License-Identifier: Apache-2.0
// Emits the Fibonacci numbers that 64 bits hold. Its position is state, so a restart goes on where
// it was.
#include <millrace/millrace.hpp>

namespace {

struct Fibonacci : millrace::Source<Fibonacci> {
  static constexpr auto info = millrace::info{"example.fibonacci", "1.0.0"}
                                   .doc("Emits Fibonacci numbers.")
                                   .example("{ use: example.fibonacci, with: { count: 20 } }")
                                   .deterministic()
                                   .resumable()
                                   .parallelism(1);
  static constexpr millrace::parameter parameters[] = {
      millrace::integer("count", "How many to emit.").defaults("10").minimum("0").maximum("90"),
  };
  static constexpr millrace::port outputs[] = {{"out", "text", "The numbers, in decimal."}};
  static constexpr std::uint32_t rereading = MR_SOURCE_OFFSET;

  explicit Fibonacci(millrace::Config config) : count(config.integer("count")) {}

  millrace::Result poll(millrace::Poll &poll) {
    for (std::uint32_t i = 0; i < poll.credit; i++) {
      if (position.emitted >= count)
        return millrace::done;
      if (!out().emit(millrace::unkeyed(out_schema()), std::to_string(position.now)))
        return out().full();
      position = {position.emitted + 1, position.next, position.now + position.next};
    }
    return millrace::ok;
  }

  millrace::Result save(std::uint64_t, millrace::Writer &writer) {
    writer.write(position);
    return millrace::ok;
  }

  millrace::Result restore(const mr_snapshot &, millrace::Reader &reader) {
    reader.read(position);
    return millrace::ok;
  }

private:
  struct Position {
    std::int64_t emitted = 0;
    std::int64_t now = 0;
    std::int64_t next = 1;
  };

  std::int64_t count;
  Position position;
};

} // namespace

MILLRACE_PLUGIN("fibonacci", Fibonacci)
