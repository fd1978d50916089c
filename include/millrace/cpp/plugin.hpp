// SPDX-License-Identifier: Apache-2.0
// millrace/cpp/plugin.hpp - MILLRACE_PLUGIN: tables, note and entry, all made while it is compiled.
#ifndef MILLRACE_CPP_PLUGIN_HPP
#define MILLRACE_CPP_PLUGIN_HPP

#include "calls.hpp"

namespace millrace {
namespace detail {

// The tables of the extensions that T has.
template <class T> inline constexpr mr_partition partition_table = partition_calls<T>();
template <class T> inline constexpr mr_state state_table = state_calls<T>();
template <class T> inline constexpr mr_source source_table = source_calls<T>();
template <class T> inline constexpr mr_sink sink_table = sink_calls<T>();
template <class T> inline constexpr mr_reconfigure reconfigure_table = reconfigure_calls<T>();

template <class T> const void *extension(const mr_operator *, const char *name) {
  const std::string_view id(name);
  if constexpr (T::kind == MR_KIND_PARTITIONER)
    if (id == MR_EXT_PARTITION)
      return &partition_table<T>;
  if constexpr (T::kind == MR_KIND_SOURCE)
    if (id == MR_EXT_SOURCE)
      return &source_table<T>;
  if constexpr (has_save<T> || has_freeze<T>)
    if (id == MR_EXT_STATE)
      return &state_table<T>;
  if constexpr (has_prepare<T>)
    if (id == MR_EXT_SINK)
      return &sink_table<T>;
  if constexpr (has_apply<T>)
    if (id == MR_EXT_RECONFIGURE)
      return &reconfigure_table<T>;
  if constexpr (has_extension<T>)
    return T::extension(id);
  return nullptr;
}

// Pointers to the tables in an array of declarations.
template <class Row> struct Rows {
  const Row *rows[256]{};
  std::uint32_t count = 0;

  constexpr Rows() = default;
  template <class Declared, std::size_t Count>
  constexpr explicit Rows(const Declared (&of)[Count]) {
    static_assert(Count <= 256, "at most 256");
    for (; count < Count; count++)
      rows[count] = &of[count].table;
  }
  constexpr const Row *const *first() const { return count == 0 ? nullptr : rows; }
};

inline constexpr port any_input[] = {{"in", "any", "Any records."}};
inline constexpr port same_output[] = {{"out", "same(in)", "Records made from them."}};
inline constexpr port bytes_output[] = {{"out", "bytes", "The records."}};

template <class T> constexpr Rows<mr_param> parameter_rows() {
  if constexpr (has_parameters<T>) {
    static_assert(are_named(T::parameters), "a parameter has no doc, or a name that is none");
    return Rows<mr_param>(T::parameters);
  } else
    return {};
}

template <class T> constexpr Rows<mr_port> input_rows() {
  if constexpr (has_inputs<T>) {
    static_assert(are_named(T::inputs), "an input has no doc, or a name that is none");
    return Rows<mr_port>(T::inputs);
  } else if constexpr (T::kind == MR_KIND_TRANSFORM || T::kind == MR_KIND_SINK)
    return Rows<mr_port>(any_input);
  else
    return {};
}

template <class T> constexpr Rows<mr_port> output_rows() {
  if constexpr (has_outputs<T>) {
    static_assert(are_named(T::outputs), "an output has no doc, or a name that is none");
    return Rows<mr_port>(T::outputs);
  } else if constexpr (T::kind == MR_KIND_TRANSFORM)
    return Rows<mr_port>(same_output);
  else if constexpr (T::kind == MR_KIND_SOURCE)
    return Rows<mr_port>(bytes_output);
  else
    return {};
}

template <class T> inline constexpr Rows<mr_param> parameter_table = parameter_rows<T>();
template <class T> inline constexpr Rows<mr_port> input_table = input_rows<T>();
template <class T> inline constexpr Rows<mr_port> output_table = output_rows<T>();

// What can be said about an operator without the host.
template <class T> constexpr void check() {
  static_assert(is_id(T::info.id), "ids are of a-z and 0-9, in parts joined by . - or _");
  static_assert(has_process<T> == (T::kind == MR_KIND_TRANSFORM || T::kind == MR_KIND_SINK),
                "operators and sinks have `process`, and only they");
  static_assert(has_poll<T> == (T::kind == MR_KIND_SOURCE), "sources have `poll`, and only they");
  static_assert(has_route<T> == (T::kind == MR_KIND_PARTITIONER),
                "partitioners have `route`, and only they");
  static_assert(!has_prepare<T> || T::kind == MR_KIND_SINK, "only sinks have `prepare`");
  static_assert(has_restore<T> == (has_save<T> || has_freeze<T>),
                "`restore` and `save` belong together");
}

template <class T> constexpr mr_operator describe() {
  check<T>();
  constexpr info about = T::info;
  mr_operator table{};
  table.struct_size = sizeof table;
  table.kind = T::kind;
  table.flags = about.flags;
  table.needs = about.needs_bits;
  table.id = about.id;
  table.version = about.version;
  table.title = about.title_text != nullptr ? about.title_text : about.id;
  table.description = about.doc_text;
  table.example = about.example_text;
  table.params = parameter_table<T>.first();
  table.inputs = input_table<T>.first();
  table.outputs = output_table<T>.first();
  table.param_count = parameter_table<T>.count;
  table.input_count = input_table<T>.count;
  table.output_count = output_table<T>.count;
  table.max_parallelism = about.parallelism_max;
  table.batch_preferred = about.batch_preferred;
  table.state_version = state_version<T>();
  table.create = create<T>;
  table.destroy = destroy<T>;
  table.start = start<T>;
  if constexpr (has_stop<T>)
    table.stop = stop<T>;
  if constexpr (has_process<T>)
    table.process = process<T>;
  table.extension = extension<T>;
  return table;
}

template <class T> inline constexpr mr_operator operator_table = describe<T>();

template <class First, class... Rest> struct Operators {
  static constexpr const mr_operator *tables[] = {&operator_table<First>, &operator_table<Rest>...};

  static constexpr mr_plugin plugin(const char *name) {
    return {sizeof(mr_plugin),
            MR_ABI_VERSION,
            0x00010000u,
            1 + sizeof...(Rest),
            tables,
            name,
            First::info.version,
            nullptr,
            nullptr,
            nullptr};
  }

  // Writes the note's text to `to`, if there is one, and says how long it is.
  static constexpr std::size_t manifest(const char *name, char *to) {
    std::size_t size = 0;
    const auto put = [&](const char *text) {
      for (; *text != '\0'; text++, size++)
        if (to != nullptr)
          to[size] = *text;
    };
    put("{\"millrace\":1,\"abi\":\"1.0\",\"name\":\"");
    put(name);
    put("\",\"version\":\"");
    put(First::info.version);
    put("\",\"operators\":[\"");
    put(First::info.id);
    ((put("\",\""), put(Rest::info.id)), ...);
    put("\"]}");
    return size;
  }
};

// The form of an ELF note; note.h says the same for C.
template <std::size_t Size> struct Note {
  std::uint32_t name_size = 9, size = 0, type = 1;
  char name[12] = "Millrace";
  char text[(Size + 4) & ~std::size_t{3}]{};
};

template <std::size_t Size, class All> constexpr Note<Size> note(const char *name) {
  Note<Size> made{};
  made.size = static_cast<std::uint32_t>(Size + 1);
  All::manifest(name, made.text);
  return made;
}

} // namespace detail
} // namespace millrace

// A plugin of these operators. Once, outside of any namespace.
#define MILLRACE_PLUGIN(NAME, ...)                                                                 \
  namespace {                                                                                      \
  using millrace_operators = ::millrace::detail::Operators<__VA_ARGS__>;                           \
  constexpr mr_plugin millrace_plugin_table = millrace_operators::plugin(NAME);                    \
  __attribute__((used, section(".note.millrace"), aligned(4))) constexpr auto millrace_note =      \
      ::millrace::detail::note<millrace_operators::manifest(NAME, nullptr), millrace_operators>(   \
          NAME);                                                                                   \
  }                                                                                                \
  extern "C" MR_EXPORT const mr_plugin *millrace_plugin_v1(const mr_host *) {                      \
    return &millrace_plugin_table;                                                                 \
  }

#endif
