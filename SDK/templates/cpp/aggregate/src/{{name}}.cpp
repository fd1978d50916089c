// SPDX-License-Identifier: Apache-2.0
// Reads whole numbers and, when its input ends, writes how many there were, the smallest, the
// largest and the sum. What it knows so far is saved with the job.
#include <algorithm>
#include <charconv>
#include <limits>
#include <millrace/millrace.hpp>

namespace {

// What is known so far; saved as it is.
struct Totals {
  std::int64_t count = 0;
  std::int64_t smallest = std::numeric_limits<std::int64_t>::max();
  std::int64_t largest = std::numeric_limits<std::int64_t>::min();
  std::int64_t sum = 0;

  // False if the sum is too large to be told.
  bool add(const Totals &more) {
    if (__builtin_add_overflow(sum, more.sum, &sum))
      return false;
    count += more.count;
    smallest = std::min(smallest, more.smallest);
    largest = std::max(largest, more.largest);
    return true;
  }
};

struct {{type}} : millrace::Operator<{{type}}> {
  // What `millrace explain`, the checker of topologies and editors know about it.
  static constexpr auto info =
      millrace::info{"{{id}}", "1.0.0"}
          .doc("Counts and adds up numbers, and says so when its input ends.")
          .example("{ use: {{id}} }")
          .deterministic()
          .parallelism(1);
  static constexpr millrace::port inputs[] = {{"in", "text", "Whole numbers, in decimal."}};
  static constexpr millrace::port outputs[] = {{"out", "json", "One JSON object."}};

  // Called with up to a few hundred records, which are read where they lie, and never by two
  // threads at once.
  millrace::Result process(millrace::Batch batch) {
    for (millrace::Record record : batch) {
      const std::string_view text = record.value();
      std::int64_t number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      // A bad record: those before it are done, and the others come again.
      if (error != std::errc() || end != text.data() + text.size())
        return bad(record, "expected a whole number");
      if (!totals.add({1, number, number, number}))
        return bad(record, "the sum is larger than 64 bits hold");
    }
    return millrace::ok;
  }

  // The input has ended. Called again while it answers `full`, which is: there was no room.
  millrace::Result stop() {
    if (totals.count == 0)
      return millrace::ok;
    const std::string text = "{\"count\": " + std::to_string(totals.count) +
                             ", \"smallest\": " + std::to_string(totals.smallest) +
                             ", \"largest\": " + std::to_string(totals.largest) +
                             ", \"sum\": " + std::to_string(totals.sum) + "}";
    if (!out().emit(millrace::unkeyed(out_schema()), text))
      return out().full();
    return millrace::ok;
  }

  // A checkpoint: the totals. These two functions make it an operator with state.
  millrace::Result save(std::uint64_t, millrace::Writer &writer) {
    writer.write(totals);
    return millrace::ok;
  }

  // Merges one piece of what was saved; there may be several.
  millrace::Result restore(const mr_snapshot &, millrace::Reader &reader) {
    Totals saved;
    if (reader.read(saved) && !totals.add(saved))
      return fail(MR_E_STATE, "the saved sums are larger than 64 bits hold");
    return millrace::ok;
  }

private:
  Totals totals;
};

} // namespace

// The one symbol that the library exports, and what can be known without running anything of it.
MILLRACE_PLUGIN("{{name}}", {{type}})
