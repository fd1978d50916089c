// SPDX-License-Identifier: Apache-2.0
// C++ for this one file: its library reads and writes numbers exactly and shortest, quickly and
// without asking for the locale.
#include "number.h"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>
#include <system_error>

namespace {

constexpr double exactIntegerMax = 9007199254740992.0; // 2^53

std::string_view trimmed(const char *text, uint64_t size) {
  std::string_view all(text, size);
  const size_t first = all.find_first_not_of(" \t\r\n");
  if (first == all.npos)
    return {};
  return all.substr(first, all.find_last_not_of(" \t\r\n") - first + 1);
}

// What the library takes beside decimals: `inf` and `nan`, but nothing in hexadecimal.
bool isPlain(std::string_view text) { return text.find_first_of("(xX") == text.npos; }

// Is a number that no type holds too small for them, rather than too large?
bool isSmall(std::string_view text) {
  const size_t e = text.find_first_of("eE");
  const std::string_view digits = text.substr(0, e);
  const size_t point = std::min(digits.find('.'), digits.size());
  const size_t first = digits.find_first_of("123456789");
  const double power = double(point) - double(first);
  if (e == text.npos)
    return power < 0;
  const bool minus = text[e + 1] == '-';
  const size_t start = e + 1 + (minus || text[e + 1] == '+' ? 1 : 0);
  uint64_t exponent = 0;
  if (std::from_chars(text.data() + start, text.data() + text.size(), exponent).ec != std::errc())
    return minus;
  return power + (minus ? -double(exponent) : double(exponent)) < 0;
}

template <typename Float> number_result readFloat(std::string_view text, Float *value) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-')
    text.remove_prefix(1);
  const char *end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, *value);
  if (result.ec == std::errc::invalid_argument || result.ptr != end || !isPlain(text))
    return NUMBER_NONE;
  if (result.ec == std::errc())
    return NUMBER_READ;
  if (!isSmall(text))
    return NUMBER_OUT_OF_RANGE;
  *value = text[0] == '-' ? -Float(0) : Float(0);
  return NUMBER_READ;
}

// `1e3` and `5.0` are integers; beyond 2^53 only digits say which one is meant.
template <typename Integer> number_result readWritten(std::string_view text, Integer *value) {
  double number = 0;
  const number_result result = readFloat(text, &number);
  if (result != NUMBER_READ)
    return result;
  if (!(std::fabs(number) <= exactIntegerMax) || number != std::floor(number) ||
      number < double(std::numeric_limits<Integer>::min()) ||
      number > double(std::numeric_limits<Integer>::max()))
    return NUMBER_OUT_OF_RANGE;
  *value = Integer(number);
  return NUMBER_READ;
}

template <typename Integer> number_result readInteger(std::string_view text, uint64_t *slot) {
  Integer value = 0;
  std::string_view digits = text;
  if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-')
    digits.remove_prefix(1);
  const char *end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, value);
  if (result.ptr == end && result.ec == std::errc::result_out_of_range)
    return NUMBER_OUT_OF_RANGE;
  if (result.ptr != end || result.ec != std::errc()) {
    const number_result written = readWritten(text, &value);
    if (written != NUMBER_READ)
      return written;
  }
  *slot = uint64_t(int64_t(value));
  return NUMBER_READ;
}

template <typename Float> uint64_t writeFloat(char *into, Float value) {
  if (std::isnan(value)) {
    std::memcpy(into, "nan", 3);
    return 3;
  }
  const Float size = std::fabs(value);
  // Without an exponent as long as every whole number has digits of its own.
  const Float most = Float(uint64_t(1) << std::numeric_limits<Float>::digits);
  const bool plain = size == 0 || (size >= Float(1e-5) && size <= most);
  char *end = into + NUMBER_TEXT_MAX;
  const auto result =
      plain ? std::to_chars(into, end, value, std::chars_format::fixed)
            : std::to_chars(into, end, value, std::chars_format::scientific);
  return uint64_t(result.ptr - into);
}

template <typename Integer> uint64_t writeInteger(char *into, Integer value) {
  return uint64_t(std::to_chars(into, into + NUMBER_TEXT_MAX, value).ptr - into);
}

template <typename Float> number_result readSlot(std::string_view text, uint64_t *slot) {
  Float value = 0;
  const number_result result = readFloat(text, &value);
  *slot = 0;
  std::memcpy(slot, &value, sizeof value);
  return result;
}

} // namespace

number_result number_read(const char *text, uint64_t size, c_type type, uint64_t *slot) {
  const std::string_view number = trimmed(text, size);
  if (number.empty())
    return NUMBER_NONE;
  switch (type) {
  case C_BOOL:
    *slot = number == "true";
    return number == "true" || number == "false" ? NUMBER_READ : NUMBER_NONE;
  case C_I8:
    return readInteger<int8_t>(number, slot);
  case C_I16:
    return readInteger<int16_t>(number, slot);
  case C_I32:
    return readInteger<int32_t>(number, slot);
  case C_I64:
    return readInteger<int64_t>(number, slot);
  case C_U8:
    return readInteger<uint8_t>(number, slot);
  case C_U16:
    return readInteger<uint16_t>(number, slot);
  case C_U32:
    return readInteger<uint32_t>(number, slot);
  case C_U64:
    return readInteger<uint64_t>(number, slot);
  case C_F32:
    return readSlot<float>(number, slot);
  case C_F64:
    return readSlot<double>(number, slot);
  case C_VOID:
  case C_POINTER:
  case C_STRUCT:
    break;
  }
  return NUMBER_NONE;
}

uint64_t number_write(char *into, c_type type, uint64_t slot) {
  if (type == C_BOOL) {
    const std::string_view word = slot != 0 ? "true" : "false";
    std::memcpy(into, word.data(), word.size());
    return word.size();
  }
  if (type == C_F64 || type == C_F32) {
    double wide = 0;
    float narrow = 0;
    std::memcpy(&wide, &slot, sizeof wide);
    std::memcpy(&narrow, &slot, sizeof narrow);
    return type == C_F64 ? writeFloat(into, wide) : writeFloat(into, narrow);
  }
  if (type == C_U64 || type == C_POINTER)
    return writeInteger(into, slot);
  return writeInteger(into, int64_t(slot));
}
