// SPDX-License-Identifier: Apache-2.0
// Replaces digits. Values with too many of them are refused.
#include <algorithm>
#include <millrace/millrace.hpp>

namespace {

struct Redact : millrace::Operator<Redact> {
  static constexpr auto info = millrace::info{"example.redact", "1.0.0"}
                                   .doc("Replaces each digit by another character.")
                                   .example("{ use: example.redact, with: { by: \"*\" } }")
                                   .stateless()
                                   .deterministic();
  static constexpr mr_choice marks[] = {{"#", "A hash sign."}, {"*", "A star."}};
  static constexpr millrace::parameter parameters[] = {
      millrace::choice("by", marks, "What a digit becomes.").defaults("#"),
      millrace::integer("most", "Digits that a value may have.").defaults("100").minimum("0"),
  };
  static constexpr millrace::port outputs[] = {
      millrace::port{"out", "same(in)", "The same without digits."}.writes(1),
  };

  explicit Redact(millrace::Config config)
      : mark(config.text("by")[0]), most(config.integer("most")),
        digits(config.histogram("digits", "digits", "Digits in a value.")) {}

  millrace::Result process(millrace::Batch batch) {
    for (millrace::Record record : batch) {
      const std::string_view value = record.value();
      const auto found = std::count_if(value.begin(), value.end(), is_digit);
      if (found > most)
        return bad(record,
                   std::to_string(found) + " digits, and " + std::to_string(most) + " are allowed");
      digits.observe(static_cast<std::uint64_t>(found));
      char *room = out().reserve(record.payload().size()); // the bound promises that there is some
      char *at = std::copy(record.key().begin(), record.key().end(), room);
      std::replace_copy_if(value.begin(), value.end(), at, is_digit, mark);
      out().commit(record.head(), record.payload().size());
    }
    return millrace::ok;
  }

private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  char mark;
  std::int64_t most;
  millrace::Histogram digits;
};

} // namespace

MILLRACE_PLUGIN("redact", Redact)
