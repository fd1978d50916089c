// SPDX-License-Identifier: Apache-2.0
// Everything that can go wrong in an operator in C++, on demand: `how` says what. Also has whatever
// an operator may have besides, so that all of the header is compiled.
#include <millrace/millrace.hpp>
#include <stdexcept>

namespace {

struct Faults : millrace::Operator<Faults> {
  static constexpr auto info =
      millrace::info{"test.faults", "1.0.0"}.doc("Fails on demand.").title("Faults").batch(64);
  static constexpr millrace::parameter parameters[] = {
      millrace::text("how", "What goes wrong.").defaults("nothing"),
      millrace::duration("after", "Nothing is done with it.").defaults("1s").advanced(),
  };

  explicit Faults(millrace::Config config) : how(config.text("how")) {
    if (how == "refuse")
      config.refuse("these do not go together");
    if (how == "unknown")
      config.integer("there_is_none");
    raise("throw in create");
  }

  ~Faults() {
    if (how == "throw in destroy")
      host().log(MR_WARN, "destroyed");
  }

  millrace::Result start(const mr_start &) {
    raise("throw in start");
    return how == "fail in start" ? fail(MR_E_CONFIG, "not today") : millrace::ok;
  }

  millrace::Result process(millrace::Batch batch) {
    for (millrace::Record record : batch) {
      raise("throw");
      if (how == "bad" && record.value() == "bad")
        return bad(record, "it says so itself");
      if (how == "too large" && !out().emit(record.head(), {record.key().data(), 1u << 31}))
        return out().full(record.position());
      if (how == "long key" && !out().emit(record.head(), std::string(65536, 'k'), "v"))
        return out().full(record.position());
      if (how == "unavailable")
        return fail(MR_E_UNAVAILABLE, "the other side is down");
      if (!out().forward_as(record, record.head()))
        return out().full(record.position());
    }
    return millrace::ok;
  }

  millrace::Result stop() {
    raise("throw in stop");
    return millrace::ok;
  }

  // A state that is read to the end and beyond, and kept whatever it says.
  millrace::Result save(std::uint64_t epoch, millrace::Writer &writer) {
    raise("throw in save");
    writer.write(epoch);
    writer.write(std::string_view("0123456789"));
    return millrace::ok;
  }
  millrace::Result restore(const mr_snapshot &, millrace::Reader &reader) {
    std::uint64_t epoch = 0;
    std::string text;
    reader.read(epoch);
    reader.read(text, how == "short state" ? UINT64_MAX : 10);
    return text == "0123456789" || how == "short state"
               ? millrace::ok
               : fail(MR_E_STATE, "the saved text is another");
  }
  static bool can_restore(std::uint32_t version) { return version <= 1; }
  void epoch_end(std::uint64_t, bool) { raise("throw in epoch_end"); }

private:
  void raise([[maybe_unused]] const char *where) {
#if defined(__cpp_exceptions)
    if (how == "throw a number" && std::string_view(where) == "throw")
      throw 7;
    if (how == "throw a status" && std::string_view(where) == "throw")
      throw millrace::Error(MR_E_UNSUPPORTED, "not here");
    if (how == "throw no memory" && std::string_view(where) == "throw")
      throw std::bad_alloc();
    if (how == where)
      throw std::runtime_error("thrown on demand");
#endif
  }

  std::string how;
};

// Members that nobody calls here; the compiler checks that they fit the tables.
struct Parts : millrace::Source<Parts> {
  static constexpr auto info = millrace::info{"test.parts", "1.0.0"}.resumable().reorders();
  static constexpr std::uint32_t rereading = MR_SOURCE_TIME | MR_SOURCE_ACK;
  static constexpr std::int64_t max_disorder = 1000;
  static constexpr std::uint32_t state_version = 3;

  millrace::Result poll(millrace::Poll &) { return millrace::done; }
  millrace::Result acknowledge(std::uint64_t) { return millrace::ok; }
  std::uint32_t descriptors(std::int32_t *, std::uint32_t) { return 0; }
  void discover(millrace::SplitCollector &found) { found.add("a", "0"); }
  millrace::Result assign(millrace::Splits splits) {
    for (const mr_split &split : splits)
      if (millrace::text(split.id) != "a")
        return fail(MR_E_STATE, "there is no such part");
    return millrace::ok;
  }
  void positions(std::uint64_t, millrace::SplitCollector &into) { into.add("a", "0"); }
  millrace::Result pause(std::uint32_t, bool) { return millrace::ok; }
  millrace::Result seek_time(const mr_split &, std::int64_t, millrace::SplitCollector &) {
    return millrace::ok;
  }

  struct Image {
    int number;
  };
  Image *freeze(std::uint64_t) { return new Image{1}; }
  millrace::Result save_image(Image &image, millrace::Writer &writer) {
    writer.key_group(0);
    writer.write(image);
    return millrace::ok;
  }
  void drop_image(Image *image) { delete image; }
  millrace::Result restore(const mr_snapshot &, millrace::Reader &) { return millrace::ok; }
};

struct Deals : millrace::Partitioner<Deals> {
  static constexpr auto info = millrace::info{"test.deals", "1.0.0"}.stateless();
  millrace::Result route(millrace::Batch batch, std::uint32_t count, std::uint32_t *targets) {
    for (std::uint32_t i = 0; i < batch.size(); i++)
      targets[i] = next++ % count;
    return millrace::ok;
  }
  void load(const std::uint8_t *level, std::uint32_t count) {
    next = count > 1 && level[0] > level[1] ? 1 : 0;
  }
  std::uint32_t next = 0;
};

#if defined(WITH_LATER_EXTENSIONS)
// A sink in two phases with parameters that change while it runs: no host serves that yet.
struct Ledger : millrace::Sink<Ledger> {
  static constexpr auto info = millrace::info{"test.ledger", "1.0.0"}.isolated().parallelism(1);
  static constexpr auto name = millrace::field("name", "Its name.");
  static constexpr auto width = millrace::size("width", "Its width.").defaults("1KiB");
  static constexpr const mr_param *column[] = {&name.table, &width.table};
  static constexpr auto item = millrace::object("column", column, "A column.");
  static constexpr auto each = millrace::rate("each", "How often.").example("1/s");
  static constexpr millrace::parameter parameters[] = {
      millrace::list("columns", item, "What is written.").minimum("1"),
      millrace::map("limits", each, "How often each may be written.").advanced(),
      millrace::number("share", "A share.").defaults("0.5").minimum("0").maximum("1").live(),
      millrace::text("token", "Who writes.").secret().multiline().deprecated("use nothing"),
      millrace::expression("where", "Which are written."),
  };
  millrace::Result process(millrace::Batch) { return millrace::ok; }
  millrace::Result limits(mr_sink_limits &) { return millrace::ok; }
  millrace::Result open(const mr_sink_writer &) { return millrace::ok; }
  millrace::Result fence() { return millrace::ok; }
  millrace::Result prepare(std::uint64_t epoch, millrace::Writer &token) {
    token.write(epoch);
    return millrace::ok;
  }
  mr_commit_result commit(const mr_committable &) { return MR_COMMITTED; }
  millrace::Result abort(const mr_committable &) { return millrace::ok; }
  millrace::Result apply(millrace::Config config) {
    return config.number("share") > 0 ? millrace::ok : fail(MR_E_UNSUPPORTED, "not that");
  }
};

#endif

} // namespace

#if defined(WITH_LATER_EXTENSIONS)
MILLRACE_PLUGIN("faults", Faults, Parts, Deals, Ledger)
#else
MILLRACE_PLUGIN("faults", Faults, Parts, Deals)
#endif
