// SPDX-License-Identifier: Apache-2.0
// millrace/cpp/describe.hpp - what an operator declares about itself.
//
// All of it is constant: an operator has a member `info`, and may have arrays `parameters`,
// `inputs` and `outputs`, `static constexpr` each. The tables of the C headers are made of them
// while the plugin is compiled. Names are checked then, too; everything else by the host.
//
//   static constexpr millrace::parameter parameters[] = {
//       millrace::integer("every", "Passes one record of so many.").defaults("10").minimum("1"),
//       millrace::text("token", "Who asks.").required().secret(),
//   };
#ifndef MILLRACE_CPP_DESCRIBE_HPP
#define MILLRACE_CPP_DESCRIBE_HPP

#include "../millrace.h"

#include <cstddef>
#include <cstdint>

namespace millrace {

// The operator as a whole. Texts are string literals.
struct info {
  const char *id;      // stable and dotted: com.example.tokenize
  const char *version; // semantic
  const char *doc_text = "";
  const char *title_text = nullptr;
  const char *example_text = nullptr;
  std::uint64_t flags = 0;
  std::uint64_t needs_bits = 0;
  std::uint32_t parallelism_max = 0;
  std::uint32_t batch_preferred = 0;

private:
  template <class Value> constexpr info with(Value info::*member, Value value) const {
    info changed = *this;
    changed.*member = value;
    return changed;
  }
  constexpr info flag(std::uint64_t bit) const { return with(&info::flags, flags | bit); }

public:
  constexpr info(const char *the_id, const char *the_version) : id(the_id), version(the_version) {}

  // Markdown; the first sentence is the summary.
  constexpr info doc(const char *text) const { return with(&info::doc_text, text); }
  constexpr info title(const char *text) const { return with(&info::title_text, text); }
  // The body of a node that uses it, in YAML.
  constexpr info example(const char *yaml) const { return with(&info::example_text, yaml); }

  // Nothing to restore.
  constexpr info stateless() const { return flag(MR_OP_STATELESS); }
  // The same input in the same order gives the same output.
  constexpr info deterministic() const { return flag(MR_OP_DETERMINISTIC); }
  // May answer `full` or `yield` in the middle of a batch.
  constexpr info resumable() const { return flag(MR_OP_RESUMABLE); }
  // Output does not come in the order of the input.
  constexpr info reorders() const { return flag(MR_OP_REORDERS); }
  // May wait: gets a thread of its own.
  constexpr info blocks() const { return flag(MR_OP_BLOCKS); }
  // Asks for a process of its own.
  constexpr info isolated() const { return flag(MR_OP_ISOLATE); }
  // How many instances there may be; 0 = any number.
  constexpr info parallelism(std::uint32_t most) const {
    return with(&info::parallelism_max, most);
  }
  // How many records a batch should have; 0 = the host decides.
  constexpr info batch(std::uint32_t records) const {
    return with(&info::batch_preferred, records);
  }
  // Features of the host without which it must not run.
  constexpr info needs(std::uint64_t bits) const { return with(&info::needs_bits, bits); }
};

// An input or output. Schemas: `any`, `bytes`, `text`, `json`, `same(in)`, `struct{…}`, or a name.
struct port {
  mr_port table;

  constexpr port(const char *name, const char *schema, const char *doc)
      : table{sizeof(mr_port), 0, name, doc, schema, 0, 0, 0, 0} {}

  // Need not be connected.
  constexpr port optional() const {
    port changed = *this;
    changed.table.flags |= MR_PORT_OPTIONAL;
    return changed;
  }
  // Outputs: one input record causes at most so many records, only ever by forwarding.
  constexpr port forwards(std::uint32_t records = 1) const {
    port changed = *this;
    changed.table.flags |= MR_PORT_FORWARDS;
    changed.table.max_records_per_input = records;
    return changed;
  }
  // Outputs: one input record causes at most so many records, with together at most
  // bytes + times × its own payload.
  constexpr port writes(std::uint32_t records, std::uint32_t bytes = 0,
                        std::uint32_t times = 1) const {
    port changed = *this;
    changed.table.max_records_per_input = records;
    changed.table.max_bytes_per_input = bytes;
    changed.table.max_times_input = times;
    return changed;
  }
};

// A parameter, made by one of the functions below. Values are written as a user would write them.
struct parameter {
  mr_param table{};

private:
  template <class Value> constexpr parameter with(Value mr_param::*member, Value value) const {
    parameter changed = *this;
    changed.table.*member = value;
    return changed;
  }
  constexpr parameter flag(std::uint32_t bit) const {
    return with(&mr_param::flags, table.flags | bit);
  }

public:
  constexpr parameter(const char *name, mr_param_type type, const char *doc) {
    table.struct_size = sizeof(mr_param);
    table.type = type;
    table.name = name;
    table.doc = doc;
  }

  constexpr parameter defaults(const char *value) const {
    return with(&mr_param::default_value, value);
  }
  constexpr parameter example(const char *value) const { return with(&mr_param::example, value); }
  // Inclusive; of text, lists and maps: of the length.
  constexpr parameter minimum(const char *value) const { return with(&mr_param::minimum, value); }
  constexpr parameter maximum(const char *value) const { return with(&mr_param::maximum, value); }
  // What to use instead.
  constexpr parameter deprecated(const char *text) const {
    return with(&mr_param::deprecated, text);
  }

  constexpr parameter required() const { return flag(MR_PARAM_REQUIRED); }
  // Never shown, logged or stored in the clear.
  constexpr parameter secret() const { return flag(MR_PARAM_SECRET); }
  // May change while the operator runs: it has a function `apply`.
  constexpr parameter live() const { return flag(MR_PARAM_LIVE); }
  // Hidden until asked for.
  constexpr parameter advanced() const { return flag(MR_PARAM_ADVANCED); }
  constexpr parameter multiline() const { return flag(MR_PARAM_MULTILINE); }
};

constexpr parameter boolean(const char *name, const char *doc) { return {name, MR_P_BOOL, doc}; }
constexpr parameter integer(const char *name, const char *doc) { return {name, MR_P_INT, doc}; }
constexpr parameter number(const char *name, const char *doc) { return {name, MR_P_FLOAT, doc}; }
constexpr parameter text(const char *name, const char *doc) { return {name, MR_P_STRING, doc}; }
constexpr parameter duration(const char *name, const char *doc) {
  return {name, MR_P_DURATION, doc};
}
constexpr parameter size(const char *name, const char *doc) { return {name, MR_P_SIZE, doc}; }
constexpr parameter rate(const char *name, const char *doc) { return {name, MR_P_RATE, doc}; }
constexpr parameter expression(const char *name, const char *doc) {
  return {name, MR_P_EXPRESSION, doc};
}
constexpr parameter field(const char *name, const char *doc) { return {name, MR_P_FIELD, doc}; }

// One of several values: `static constexpr mr_choice modes[] = {{"fast", "…"}, {"safe", "…"}};`
template <std::size_t Count>
constexpr parameter choice(const char *name, const mr_choice (&choices)[Count], const char *doc) {
  parameter made{name, MR_P_ENUM, doc};
  made.table.choices = choices;
  made.table.choice_count = static_cast<std::uint32_t>(Count);
  return made;
}

// What the list or map is of must be `static constexpr`, too.
constexpr parameter list(const char *name, const parameter &item, const char *doc) {
  parameter made{name, MR_P_LIST, doc};
  made.table.item = &item.table;
  return made;
}
constexpr parameter map(const char *name, const parameter &item, const char *doc) {
  parameter made{name, MR_P_MAP, doc};
  made.table.item = &item.table;
  return made;
}

// Fields are pointers to the tables of parameters: `{&first.table, &second.table}`.
template <std::size_t Count>
constexpr parameter object(const char *name, const mr_param *const (&fields)[Count],
                           const char *doc) {
  parameter made{name, MR_P_OBJECT, doc};
  made.table.fields = fields;
  made.table.field_count = static_cast<std::uint32_t>(Count);
  return made;
}

namespace detail {

constexpr bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// [a-z][a-z0-9]*([._-][a-z0-9]+)*, at most 64 bytes.
constexpr bool is_id(const char *id) {
  if (!is_letter(id[0]))
    return false;
  std::size_t size = 0;
  for (bool joined = false; id[size] != '\0'; size++) {
    const bool joins = id[size] == '.' || id[size] == '_' || id[size] == '-';
    if (size >= 64 || (joins ? joined : !is_letter(id[size]) && !is_digit(id[size])))
      return false;
    joined = joins;
  }
  return is_letter(id[size - 1]) || is_digit(id[size - 1]);
}

// [a-z][a-z0-9_]{0,62}
constexpr bool is_name(const char *name) {
  if (!is_letter(name[0]))
    return false;
  for (std::size_t size = 0; name[size] != '\0'; size++)
    if (size >= 63 || (!is_letter(name[size]) && !is_digit(name[size]) && name[size] != '_'))
      return false;
  return true;
}

template <class Rows> constexpr bool are_named(const Rows &rows) {
  for (const auto &row : rows)
    if (!is_name(row.table.name) || row.table.doc == nullptr || row.table.doc[0] == '\0')
      return false;
  return true;
}

} // namespace detail
} // namespace millrace

#endif
