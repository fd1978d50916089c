// SPDX-License-Identifier: Apache-2.0
// Expressions and records by chance, for sanitizers: whatever a text is, it is read or refused, and
// nothing beside it is looked at. Every record is memory of its own, so a sanitizer sees one byte
// too many at either end.
//
// usage: fuzz [ROUNDS [SEED]]
#include "mrx.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 1;

static uint32_t chance(uint32_t below) {
  state = state * 6364136223846793005ull + 1442695040888963407ull;
  return (uint32_t)(state >> 33) % below;
}

static const char *const words[] = {"a",
                                    "b.c",
                                    "items[0]",
                                    "items[-1]",
                                    "$value",
                                    "$key",
                                    "$time",
                                    "$value[\"x y\"]",
                                    " and ",
                                    " or ",
                                    " not ",
                                    " in ",
                                    " matches ",
                                    " == ",
                                    " != ",
                                    " < ",
                                    " >= ",
                                    " + ",
                                    " - ",
                                    " * ",
                                    " / ",
                                    " % ",
                                    "(",
                                    ")",
                                    "[",
                                    "]",
                                    ",",
                                    "has(",
                                    "len(",
                                    "lower(",
                                    "upper(",
                                    "coalesce(",
                                    "1",
                                    "-1",
                                    "0.5",
                                    "1e308",
                                    "9223372036854775807",
                                    "true",
                                    "false",
                                    "null",
                                    "\"x\"",
                                    "'a+b?'",
                                    "\"\\u00e9\"",
                                    "'^(a|b)*$'",
                                    "'[a-z]{2,5}'",
                                    "'(x'",
                                    ".",
                                    "\"",
                                    "\\",
                                    "'",
                                    "\xC3\xA9",
                                    "\xFF",
                                    "=",
                                    "&&",
                                    " ",
                                    "0x1"};
static const char *const wholes[] = {"a > 100",
                                     "b.c == \"x\"",
                                     "len(items) > 1 and has(a)",
                                     "lower(b.c) matches '^x.*[0-9]$'",
                                     "coalesce(a, b.c, 0)",
                                     "a in [1, \"x\", null, true]",
                                     "upper(coalesce($key, b.c))",
                                     "items[-1].sku",
                                     "a * 2 - 1 >= b.d / 3",
                                     "len($value)",
                                     "$value",
                                     "b",
                                     "-a % 7 == 0"};
static const char *const records[] = {
    "{\"a\":150.5,\"b\":{\"c\":\"x\\u00e9\\n1\",\"d\":3},\"items\":[1,\"two\",{\"sku\":null}]}",
    "{\"items\":[],\"a\":\"text\",\"b\":null}",
    "  [1, [2, {\"a\": -0}], \"\\ud83d\\ude00\", 1e400 ] ",
    "{\"x y\":1,\"a\":9223372036854775808,\"b\":{\"c\":\"0123456789abcdef0123456789abcdef\"}}",
    "{\"a rather long name before the one that is looked for, in a "
    "text\":\"{\\\"a\\\":1}\",\"a\":7}",
    "0.00000000000000000000000000000000000000000000000001234567890123456789012345678901234567890e-"
    "5"};

static uint64_t expression(char *into) {
  uint64_t size = 0;
  if (chance(2))
    return (uint64_t)sprintf(into, "%s", wholes[chance(sizeof wholes / sizeof *wholes)]);
  for (uint32_t n = 1 + chance(12); n > 0; n--)
    size += (uint64_t)sprintf(into + size, "%s", words[chance(sizeof words / sizeof *words)]);
  return size;
}

/* A record with some bytes changed, left out or twice, in memory of just its size. */
static uint8_t *record(uint64_t *size) {
  static const char bytes[] = "\"\\{}[],:0-9eE.+ntf \x80\xC3\x01|";
  char text[1024];
  uint64_t length =
      (uint64_t)sprintf(text, "%s", records[chance(sizeof records / sizeof *records)]);
  for (uint32_t n = chance(4); n > 0 && length > 0; n--) {
    uint64_t at = chance((uint32_t)length);
    switch (chance(3)) {
    case 0:
      text[at] = bytes[chance(sizeof bytes - 1)];
      break;
    case 1:
      memmove(text + at, text + at + 1, length - at - 1);
      length--;
      break;
    default:
      length = at;
    }
  }
  uint8_t *exact = malloc(length > 0 ? length : 1);
  memcpy(exact, text, length);
  *size = length;
  return length > 0 ? exact : exact + 1; /* an empty one begins where its memory ends */
}

static uint64_t evaluate(mr_expression *e) {
  uint64_t sum = 0, size;
  for (uint32_t n = 0; n < 8; n++) {
    uint8_t *value = record(&size), *memory = size > 0 ? value : value - 1;
    mrx_record of = {value, size, chance(2) ? value : NULL, chance((uint32_t)size + 1),
                     chance(2) ? MR_TIME_NONE : 5};
    mr_datum found;
    int holds;
    mr_json_fault fault = {0, ""};
    if (mrx_value(e, &of, &found) == 0 && found.size > 0)
      sum += found.text[0] + found.text[found.size - 1];
    sum += (uint64_t)(mrx_test(e, &of, &holds) == 0 && holds);
    if (!mrx_json_check(value, size, &fault) && fault.at > size)
      abort();
    uint8_t *into = malloc(size + 1);
    if (mrx_json_compact(value, size, into) > size)
      abort();
    free(into);
    free(memory);
  }
  return sum;
}

int main(int argc, char **argv) {
  uint64_t rounds = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000, read = 0, sum = 0;
  state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  for (uint64_t i = 0; i < rounds; i++) {
    char text[1024];
    uint64_t size = expression(text);
    char *exact = malloc(size);
    memcpy(exact, text, size);
    mrx_fault fault;
    mr_expression *e = mrx_compile(exact, size, chance(4) ? 0 : chance(4), &fault);
    free(exact);
    if (e == NULL) {
      if (fault.text[0] == 0 || (uint64_t)fault.at + fault.length > size)
        abort();
      continue;
    }
    if (chance(2) && !mrx_keep_text(e))
      abort();
    sum += evaluate(e);
    read++;
    mrx_release(e);
  }
  printf("fuzz: %llu of %llu texts are expressions (%llu)\n", (unsigned long long)read,
         (unsigned long long)rounds, (unsigned long long)sum);
  return read == 0 || read == rounds;
}
