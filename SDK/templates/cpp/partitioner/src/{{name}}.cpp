// SPDX-License-Identifier: Apache-2.0
// Chooses the task that each record goes to: values that begin with the same byte go to the same
// task, comments to none.
//
// An edge of a topology names it: `from: {node: lines, partition: {use: {{id}}}}`.
#include <millrace/millrace.hpp>

namespace {

struct {{type}} : millrace::Partitioner<{{type}}> {
  // What `millrace explain`, the checker of topologies and editors know about it.
  static constexpr auto info =
      millrace::info{"{{id}}", "1.0.0"}
          .doc("Values that begin with the same byte go to the same task.")
          .stateless()
          .deterministic();

  // Writes a number below `count`, MR_TARGET_ALL or MR_TARGET_NONE for every record. They are
  // MR_TARGET_NONE when this is called.
  millrace::Result route(millrace::Batch batch, std::uint32_t count, std::uint32_t *targets) {
    for (millrace::Record record : batch) {
      const std::string_view value = record.value();
      const unsigned char first = value.empty() ? 0 : static_cast<unsigned char>(value[0]);
      if (first != '#')
        targets[record.position()] = first % count;
    }
    return millrace::ok;
  }
};

} // namespace

// The one symbol that the library exports, and what can be known without running anything of it.
MILLRACE_PLUGIN("{{name}}", {{type}})
