// SPDX-License-Identifier: Apache-2.0
// Puts a greeting before each value. Values without anything in them are dropped and counted.
#include <millrace/millrace.hpp>

namespace {

struct {{type}} : millrace::Operator<{{type}}> {
  // What `millrace explain`, the checker of topologies and editors know about it.
  static constexpr auto info = millrace::info{"{{id}}", "1.0.0"}
                                   .doc("Puts a greeting before each value.")
                                   .example("{ use: {{id}}, with: { greeting: \"hej, \" } }")
                                   .stateless()
                                   .deterministic();
  static constexpr millrace::parameter parameters[] = {
      millrace::text("greeting", "What to put before each value.")
          .defaults("hello, ")
          .maximum("100"),
  };
  static constexpr millrace::port inputs[] = {{"in", "text", "Any text."}};
  // The most that one record can cause: one record, 100 characters and what came in. The host sees
  // to it that there is room for it, so `reserve` below always finds some.
  static constexpr millrace::port outputs[] = {
      millrace::port{"out", "text", "The same with a greeting."}.writes(1, 400, 1),
  };

  // The host has checked the parameters. What it lends is gone after this call, so it is copied.
  explicit {{type}}(millrace::Config config)
      : greeting(config.text("greeting")),
        dropped(config.counter("dropped", "records", "Empty values.")) {}

  // Called with up to a few hundred records, which are read where they lie, and never by two
  // threads at once.
  millrace::Result process(millrace::Batch batch) {
    for (millrace::Record record : batch) {
      if (record.value().empty()) {
        ++dropped;
        continue;
      }
      // Room in memory that the receiver reads.
      const std::size_t length = record.payload().size() + greeting.size();
      char *room = out().reserve(length);
      if (room == nullptr)
        return out().full(record.position());
      room += record.key().copy(room, record.key().size());
      room += greeting.copy(room, greeting.size());
      record.value().copy(room, record.value().size());
      out().commit(record.head(), length); // the same key and time
    }
    return millrace::ok;
  }

private:
  std::string greeting;
  millrace::Counter dropped;
};

} // namespace

// The one symbol that the library exports, and what can be known without running anything of it.
MILLRACE_PLUGIN("{{name}}", {{type}})
