// SPDX-License-Identifier: Apache-2.0
// Writes, when its input ends, how many values of each length there were.
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <millrace/millrace.hpp>

namespace {

struct Lengths : millrace::Sink<Lengths> {
  static constexpr auto info = millrace::info{"example.lengths", "1.0.0"}
                                   .doc("Counts values by their length.")
                                   .example("{ use: example.lengths, with: { path: lengths.txt } }")
                                   .blocks()
                                   .parallelism(1);
  static constexpr millrace::parameter parameters[] = {
      millrace::text("path", "The file to write.").required().minimum("1"),
  };
  static constexpr millrace::port inputs[] = {{"in", "any", "Records; keys are dropped."}};

  explicit Lengths(millrace::Config config) : path(config.text("path")) {}

  millrace::Result process(millrace::Batch batch) {
    for (millrace::Record record : batch)
      ++counts[record.value().size()]; // what is thrown here, is out of memory: the job is told
    return millrace::ok;
  }

  millrace::Result stop() {
    std::ofstream file(path, std::ios::binary);
    for (const auto &[length, count] : counts)
      file << length << '\t' << count << '\n';
    file.flush();
    if (!file)
      return fail(MR_E_IO, "cannot write " + path + ": " + std::strerror(errno));
    return millrace::ok;
  }

private:
  std::string path;
  std::map<std::size_t, std::uint64_t> counts;
};

} // namespace

MILLRACE_PLUGIN("lengths", Lengths)
