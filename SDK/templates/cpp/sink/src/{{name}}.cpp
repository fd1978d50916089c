// SPDX-License-Identifier: Apache-2.0
// Appends each value as a line to a file. It may wait for the disk and says so, so it gets a thread
// of its own.
#include <cerrno>
#include <cstring>
#include <fstream>
#include <millrace/millrace.hpp>

namespace {

struct {{type}} : millrace::Sink<{{type}}> {
  // What `millrace explain`, the checker of topologies and editors know about it.
  static constexpr auto info = millrace::info{"{{id}}", "1.0.0"}
                                   .doc("Appends each value as a line to a file.")
                                   .example("{ use: {{id}}, with: { path: lines.txt } }")
                                   .blocks()
                                   .parallelism(1);
  static constexpr millrace::parameter parameters[] = {
      millrace::text("path", "The file; made if it is not there.")
          .required()
          .minimum("1")
          .example("lines.txt"),
  };
  static constexpr millrace::port inputs[] = {{"in", "any", "Records; keys are dropped."}};

  // The host has checked the parameters. What it lends is gone after this call, so it is copied.
  explicit {{type}}(millrace::Config config) : path(config.text("path")) {}

  // Before the first record: here files and connections are opened.
  millrace::Result start(const mr_start &) {
    file.open(path, std::ios::app | std::ios::binary);
    return file ? millrace::ok : failed(MR_E_CONFIG, "cannot open ");
  }

  // Called with up to a few hundred records, which are read where they lie, and never by two
  // threads at once.
  millrace::Result process(millrace::Batch batch) {
    for (millrace::Record record : batch)
      file << record.value() << '\n';
    return file ? millrace::ok : failed(MR_E_INTERNAL, "cannot write ");
  }

  // The input has ended: what is still in memory goes out, and if it cannot, the job must know.
  millrace::Result stop() {
    file.flush();
    return file ? millrace::ok : failed(MR_E_INTERNAL, "cannot write ");
  }

private:
  // The status tells the host what to do about it, the text is what people will read.
  millrace::Result failed(mr_status status, const char *what) {
    return fail(status, what + path + ": " + std::strerror(errno));
  }

  std::string path;
  std::ofstream file;
};

} // namespace

// The one symbol that the library exports, and what can be known without running anything of it.
MILLRACE_PLUGIN("{{name}}", {{type}})
