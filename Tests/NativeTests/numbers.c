// SPDX-License-Identifier: Apache-2.0
// Numbers as text, against the C library: what is written reads back, is as short as can be and
// has the same value for strtod; what is read has the value that strtod gives it.
#include "number.h"
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252u;

static uint64_t next_random(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

/* Significant digits of a text. */
static int digits(const char *text) {
  int count = 0, zeros = 0;
  for (; *text != 0 && *text != 'e'; text++) {
    if (*text < '0' || *text > '9' || (*text == '0' && count == 0))
      continue;
    count++;
    zeros = *text == '0' ? zeros + 1 : 0;
  }
  return count - zeros;
}

/* The fewest digits that read back. */
static int fewest(double value, int is_float) {
  char text[64];
  for (int precision = 1; precision < 18; precision++) {
    snprintf(text, sizeof text, "%.*e", precision - 1, value);
    if (is_float ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value)
      return digits(text);
  }
  return 99;
}

static int one(c_type type, uint64_t slot, int round) {
  char text[NUMBER_TEXT_MAX + 1];
  double value;
  float narrow;
  uint64_t again = 0;
  memcpy(&value, &slot, sizeof value);
  memcpy(&narrow, &slot, sizeof narrow);
  if (type == C_F32)
    value = (double)narrow;
  if (isnan(value))
    return 0;
  uint64_t size = number_write(text, type, slot);
  text[size] = 0;
  int same = number_read(text, size, type, &again) == NUMBER_READ && again == slot;
  int equal = type == C_F32 ? strtof(text, NULL) == narrow : strtod(text, NULL) == value;
  if (isfinite(value) && value != 0 && round % 8 == 0)
    same = same && digits(text) == fewest(value, type == C_F32);
  if (!same || !equal)
    fprintf(stderr, "%d: %a became %s\n", round, value, text);
  return !same || !equal;
}

static int written(void) {
  int wrong = 0;
  for (int round = 0; round < 400000 && wrong < 5; round++) {
    uint64_t bits = next_random();
    double simple = (double)(int64_t)(bits >> 40) / (double)(1 << round % 12);
    uint64_t slot;
    memcpy(&slot, &simple, sizeof slot);
    wrong += one(C_F64, bits, round) + one(C_F64, slot, round);
    wrong += one(C_F32, (uint32_t)bits, round);
  }
  return wrong;
}

/* Decimals of every form, with the value that the C library gives them. */
static int read_back(void) {
  int wrong = 0;
  for (int round = 0; round < 400000 && wrong < 5; round++) {
    char text[128];
    int size = snprintf(text, sizeof text, "%s%llu.%0*llu%s%d", round % 3 ? "" : "-",
                        (unsigned long long)(next_random() >> (round % 60)), round % 20 + 1,
                        (unsigned long long)(next_random() >> 20) % 1000000, round % 2 ? "e" : "E",
                        (int)(next_random() % 700) - 350);
    double expected = strtod(text, NULL), found = 0;
    uint64_t slot = 0;
    number_result result = number_read(text, (uint64_t)size, C_F64, &slot);
    memcpy(&found, &slot, sizeof found);
    int right = isinf(expected) ? result == NUMBER_OUT_OF_RANGE
                                : result == NUMBER_READ && found == expected;
    if (!right)
      fprintf(stderr, "%s is %a, not %a (%d)\n", text, expected, found, result);
    wrong += !right;
  }
  return wrong;
}

static const struct {
  const char *text;
  c_type type;
  number_result result;
  const char *again;
} known[] = {
    {"2", C_F64, NUMBER_READ, "2"},
    {" \t2.50\r\n", C_F64, NUMBER_READ, "2.5"},
    {"+5", C_F64, NUMBER_READ, "5"},
    {".5", C_F64, NUMBER_READ, "0.5"},
    {"1e17", C_F64, NUMBER_READ, "1e+17"},
    {"12345678901234567", C_F64, NUMBER_READ, "1.2345678901234568e+16"},
    {"9007199254740992", C_F64, NUMBER_READ, "9007199254740992"},
    {"16777216", C_F32, NUMBER_READ, "16777216"},
    {"30000000000", C_F32, NUMBER_READ, "3e+10"},
    {"0.00001", C_F64, NUMBER_READ, "0.00001"},
    {"-0", C_F64, NUMBER_READ, "-0"},
    {"inf", C_F64, NUMBER_READ, "inf"},
    {"-inf", C_F32, NUMBER_READ, "-inf"},
    {"nan", C_F64, NUMBER_READ, "nan"},
    {"1e400", C_F64, NUMBER_OUT_OF_RANGE, NULL},
    {"1e-400", C_F64, NUMBER_READ, "0"},
    {"-1e-99999999999999999999", C_F64, NUMBER_READ, "-0"},
    {"1e99999999999999999999", C_F64, NUMBER_OUT_OF_RANGE, NULL},
    {"3.5e38", C_F32, NUMBER_OUT_OF_RANGE, NULL},
    {"0.1", C_F32, NUMBER_READ, "0.1"},
    {"", C_F64, NUMBER_NONE, NULL},
    {"   ", C_F64, NUMBER_NONE, NULL},
    {"1 2", C_F64, NUMBER_NONE, NULL},
    {"1,5", C_F64, NUMBER_NONE, NULL},
    {"0x10", C_F64, NUMBER_NONE, NULL},
    {"nan(7)", C_F64, NUMBER_NONE, NULL},
    {"+-5", C_F64, NUMBER_NONE, NULL},
    {"five", C_F64, NUMBER_NONE, NULL},
    {"127", C_I8, NUMBER_READ, "127"},
    {"128", C_I8, NUMBER_OUT_OF_RANGE, NULL},
    {"-129", C_I8, NUMBER_OUT_OF_RANGE, NULL},
    {"-1", C_U8, NUMBER_OUT_OF_RANGE, NULL},
    {"65536", C_U16, NUMBER_OUT_OF_RANGE, NULL},
    {"4294967295", C_U32, NUMBER_READ, "4294967295"},
    {"-9223372036854775808", C_I64, NUMBER_READ, "-9223372036854775808"},
    {"9223372036854775808", C_I64, NUMBER_OUT_OF_RANGE, NULL},
    {"18446744073709551615", C_U64, NUMBER_READ, "18446744073709551615"},
    {"18446744073709551616", C_U64, NUMBER_OUT_OF_RANGE, NULL},
    {"5.0", C_I32, NUMBER_READ, "5"},
    {"1e3", C_I16, NUMBER_READ, "1000"},
    {"5.5", C_I32, NUMBER_OUT_OF_RANGE, NULL},
    {"1e18", C_I64, NUMBER_OUT_OF_RANGE, NULL}, // beyond 2^53 only digits are exact
    {"nan", C_I32, NUMBER_OUT_OF_RANGE, NULL},
    {"x", C_I32, NUMBER_NONE, NULL},
    {"true", C_BOOL, NUMBER_READ, "true"},
    {"false", C_BOOL, NUMBER_READ, "false"},
    {"1", C_BOOL, NUMBER_NONE, NULL},
    {"TRUE", C_BOOL, NUMBER_NONE, NULL},
};

static int forms(void) {
  int wrong = 0;
  for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
    char text[NUMBER_TEXT_MAX + 1] = "";
    uint64_t slot = 0, size = strlen(known[i].text);
    char *exact = malloc(size + (size == 0)); // reading on is noticed
    memcpy(exact, known[i].text, size);
    number_result result = number_read(exact, size, known[i].type, &slot);
    free(exact);
    if (result == NUMBER_READ)
      text[number_write(text, known[i].type, slot)] = 0;
    int right =
        result == known[i].result && (known[i].again == NULL || strcmp(known[i].again, text) == 0);
    if (!right)
      fprintf(stderr, "\"%s\" as %d: %d \"%s\"\n", known[i].text, known[i].type, result, text);
    wrong += !right;
  }
  return wrong;
}

int main(void) {
  // A comma for the point, where there is such a locale: nothing here may look at it. Then the
  // oracles do, so they run before.
  int wrong = written() + read_back();
  const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE"};
  for (int i = 0; i < 3; i++)
    if (setlocale(LC_ALL, locales[i]) != NULL)
      break;
  return wrong + forms() != 0;
}
