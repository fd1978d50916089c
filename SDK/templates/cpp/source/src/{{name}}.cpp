// SPDX-License-Identifier: Apache-2.0
// Counts from `first` to `last`. Its position is saved with the job, so a restart goes on where it
// was.
#include <charconv>
#include <millrace/millrace.hpp>

namespace {

struct {{type}} : millrace::Source<{{type}}> {
  // What `millrace explain`, the checker of topologies and editors know about it.
  static constexpr auto info = millrace::info{"{{id}}", "1.0.0"}
                                   .doc("Counts from one number to another.")
                                   .example("{ use: {{id}}, with: { last: 100 } }")
                                   .deterministic()
                                   .resumable()
                                   .parallelism(1);
  static constexpr millrace::parameter parameters[] = {
      millrace::integer("first", "The first number.").defaults("1"),
      millrace::integer("last", "The last number.").defaults("10").maximum("1000000000000"),
  };
  static constexpr millrace::port outputs[] = {{"out", "text", "The numbers, in decimal."}};
  // From a position, the same records come again.
  static constexpr std::uint32_t rereading = MR_SOURCE_OFFSET;

  // The host has checked the parameters.
  explicit {{type}}(millrace::Config config)
      : next(config.integer("first")), last(config.integer("last")) {}

  // Writes what is ready, never more than there is credit for, and never waits. A source that has
  // nothing answers `nothing`, and calls host().wake() when that has changed.
  millrace::Result poll(millrace::Poll &poll) {
    for (std::uint32_t i = 0; i < poll.credit; i++) {
      if (next > last)
        return millrace::done;
      char text[24];
      const char *end = std::to_chars(text, text + sizeof text, next).ptr;
      const std::string_view number(text, static_cast<std::size_t>(end - text));
      if (!out().emit(millrace::unkeyed(out_schema()), number))
        return out().full(); // polled again when there is room
      next++;
    }
    return millrace::ok;
  }

  // A checkpoint: the position. These two functions make it an operator with state.
  millrace::Result save(std::uint64_t, millrace::Writer &writer) {
    writer.write(next);
    return millrace::ok;
  }

  millrace::Result restore(const mr_snapshot &, millrace::Reader &reader) {
    reader.read(next);
    return millrace::ok;
  }

private:
  std::int64_t next; // the position
  std::int64_t last;
};

} // namespace

// The one symbol that the library exports, and what can be known without running anything of it.
MILLRACE_PLUGIN("{{name}}", {{type}})
