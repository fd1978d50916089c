// SPDX-License-Identifier: Apache-2.0
// Passes the records whose value has something in common with `words`, without copying them.
#include <millrace/millrace.hpp>
#include <vector>

namespace {

struct Sieve : millrace::Operator<Sieve> {
  static constexpr auto info = millrace::info{"example.sieve", "1.0.0"}
                                   .doc("Passes values that contain one of several words.")
                                   .example("{ use: example.sieve, with: { words: [error] } }")
                                   .stateless()
                                   .deterministic();
  static constexpr auto word = millrace::text("word", "Bytes to look for.").minimum("1");
  static constexpr millrace::parameter parameters[] = {
      millrace::list("words", word, "What to look for.").required().minimum("1"),
      millrace::boolean("invert", "Passes the other records.").defaults("false"),
  };
  static constexpr millrace::port outputs[] = {
      millrace::port{"out", "same(in)", "The records passed on, unchanged."}.forwards(),
  };

  explicit Sieve(millrace::Config config) : invert(config.boolean("invert")) {
    for (std::uint64_t i = 0; i < config.count("words"); i++) {
      const std::string path = "/words/" + std::to_string(i);
      words.emplace_back(config.text(path.c_str()));
    }
  }

  millrace::Result process(millrace::Batch batch) {
    return out().forward_if(batch, [this](millrace::Record record) {
      for (const std::string &word : words)
        if (record.value().find(word) != std::string_view::npos)
          return !invert;
      return invert;
    });
  }

private:
  std::vector<std::string> words;
  bool invert;
};

} // namespace

MILLRACE_PLUGIN("sieve", Sieve)
