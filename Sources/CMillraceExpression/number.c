// SPDX-License-Identifier: Apache-2.0
// Numbers of JSON. Without fraction and exponent, and within int64_t: INT. Every other one is the
// double nearest to what is written: by multiplying or dividing two exact doubles where that is
// enough, by strtod otherwise. `-0` is the INT 0, whose double is -0.0.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE // strtod_l
#endif
#include "program.h"
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DIGITS 800         /* beyond these a double only cares whether there is more */
#define EXPONENT 100000000 /* more than a record has digits: a larger one means the same */
#define EXACT_MANTISSA (1ull << 53)
#define EXACT_POWER 22

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

typedef struct parts {
  const uint8_t *whole, *whole_end, *fraction, *fraction_end;
  int64_t exponent; /* of the digits taken as one whole number */
  int negative;
} parts;

static locale_t plain_locale;

int mrx_numbers_ready(void) {
  if (__atomic_load_n(&plain_locale, __ATOMIC_ACQUIRE) != NULL)
    return 1;
  locale_t none = NULL, made = newlocale(LC_ALL_MASK, "C", NULL);
  if (made == NULL)
    return 0;
  if (!__atomic_compare_exchange_n(&plain_locale, &none, made, 0, __ATOMIC_ACQ_REL,
                                   __ATOMIC_ACQUIRE))
    freelocale(made);
  return 1;
}

static inline int is_digit(const uint8_t *at, const uint8_t *end) {
  return at < end && (uint8_t)(*at - '0') <= 9;
}

static const uint8_t *skip_digits(const uint8_t *at, const uint8_t *end) {
  while (is_digit(at, end))
    at++;
  return at;
}

/* Behind the exponent at `at`, if there is one; NULL: it has no digits. */
static const uint8_t *read_exponent(const uint8_t *at, const uint8_t *end, int64_t *exponent) {
  int64_t value = 0;
  *exponent = 0;
  if (at == end || (*at | 0x20) != 'e')
    return at;
  at++;
  int negative = at < end && *at == '-';
  if (at < end && (*at == '-' || *at == '+'))
    at++;
  if (!is_digit(at, end))
    return NULL;
  for (; is_digit(at, end); at++)
    value = value < EXPONENT ? value * 10 + (*at - '0') : EXPONENT;
  *exponent = negative ? -value : value;
  return at;
}

/* Where the digits are, by the grammar of JSON. Behind the number; NULL: it is none. */
static const uint8_t *split(const uint8_t *at, const uint8_t *end, parts *p) {
  p->negative = at < end && *at == '-';
  at += p->negative;
  p->whole = at;
  if (!is_digit(at, end))
    return NULL;
  p->whole_end = p->fraction = p->fraction_end = at = *at == '0' ? at + 1 : skip_digits(at, end);
  if (at < end && *at == '.') {
    p->fraction = at + 1;
    p->fraction_end = at = skip_digits(at + 1, end);
    if (p->fraction == at)
      return NULL;
  }
  return read_exponent(at, end, &p->exponent);
}

/* At most DIGITS digits, and a 1 that stands for all behind them. */
static double by_strtod(const parts *p) {
  char text[DIGITS + 32];
  uint32_t n = 0;
  int64_t exponent = p->exponent;
  int more = 0;
  text[n++] = p->negative ? '-' : '+';
  for (const uint8_t *at = p->whole; at < p->fraction_end; at++) {
    if (at == p->whole_end)
      at = p->fraction;
    exponent -= at >= p->fraction;
    if (n == 1 && *at == '0')
      continue;
    if (n <= DIGITS) {
      text[n++] = (char)*at;
      continue;
    }
    more |= *at != '0';
    exponent++;
  }
  if (more) {
    text[n++] = '1';
    exponent--;
  }
  if (n == 1)
    text[n++] = '0';
  snprintf(text + n, sizeof text - n, "e%lld", (long long)exponent);
  return strtod_l(text, NULL, plain_locale);
}

static double to_double(const parts *p) {
  uint64_t mantissa = 0;
  int64_t exponent = p->exponent - (p->fraction_end - p->fraction);
  int counted = 0;
  for (const uint8_t *at = p->whole; at < p->fraction_end; at++) {
    if (at == p->whole_end)
      at = p->fraction;
    counted += counted > 0 || *at != '0';
    if (counted > 19)
      return by_strtod(p);
    mantissa = mantissa * 10 + (uint64_t)(*at - '0');
  }
  if (mantissa > EXACT_MANTISSA || exponent < -EXACT_POWER || exponent > EXACT_POWER)
    return mantissa == 0 ? (p->negative ? -0.0 : 0.0) : by_strtod(p);
  double value = (double)mantissa;
  value = exponent < 0 ? value / powers[-exponent] : value * powers[exponent];
  return p->negative ? -value : value;
}

/* 0: it does not fit. */
static int to_integer(const parts *p, int64_t *into) {
  uint64_t value = 0;
  if (p->whole_end - p->whole > 19)
    return 0;
  for (const uint8_t *at = p->whole; at < p->whole_end; at++)
    value = value * 10 + (uint64_t)(*at - '0');
  if (value > (uint64_t)INT64_MAX + (uint64_t)p->negative)
    return 0;
  *into = p->negative ? (int64_t)(0 - value) : (int64_t)value;
  return 1;
}

const uint8_t *mrx_read_number(const uint8_t *at, const uint8_t *end, mrx_cell *cell, int *finite) {
  parts p;
  const uint8_t *behind = split(at, end, &p);
  *finite = 1;
  if (behind == NULL)
    return NULL;
  int64_t integer;
  if (behind == p.whole_end && to_integer(&p, &integer)) {
    *cell = mrx_int_cell(integer);
    if (integer == 0 && p.negative)
      cell->number = -0.0;
  } else {
    *cell = mrx_float_cell(to_double(&p));
    *finite = isfinite(cell->number) != 0;
  }
  return behind;
}

/* -1, 0, 1, of an integer and a double that is no NaN. */
static int compare_mixed(int64_t a, double b) {
  if (b >= 9223372036854775808.0)
    return -1;
  if (b < -9223372036854775808.0)
    return 1;
  int64_t whole = (int64_t)b; /* towards zero, exact */
  if (a != whole)
    return a < whole ? -1 : 1;
  double rest = b - (double)whole;
  return (rest < 0) - (rest > 0);
}

int mrx_compare_numbers(const mrx_cell *a, const mrx_cell *b) {
  if (a->kind == MR_DATUM_INT && b->kind == MR_DATUM_INT)
    return (a->integer > b->integer) - (a->integer < b->integer);
  if (a->kind == MR_DATUM_INT)
    return compare_mixed(a->integer, b->number);
  if (b->kind == MR_DATUM_INT)
    return -compare_mixed(b->integer, a->number);
  return (a->number > b->number) - (a->number < b->number);
}
