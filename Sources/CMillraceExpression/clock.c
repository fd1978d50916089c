// SPDX-License-Identifier: Apache-2.0
// The time of a record, from a field.
//
//   number   so many units since 1970; a fraction counts, to the nearest nanosecond
//   text     a date and a time of RFC 3339: `T`, `t` or a space between them, a fraction of any
//            length, `Z` or an offset. A leap second is the second behind it
//   refused  MR4001 no JSON, or more than one text of it; MR4002 something else, a time of another
//            form, or one that 64 bits of nanoseconds do not hold; MR4003 there is no such field
//
// A source that makes chunks of lines instead of records would give all of them the time of the
// first. So where a value has a newline before its end, it is looked whether it is one JSON text.
#include "program.h"
#include <stdio.h>
#include <stdlib.h>

#define NS 1000000000ll

struct mrx_clock {
  mr_expression *path;
  int64_t unit;
  mr_ctx *context;
  mrx_set_error tell;
};

mrx_clock *mrx_clock_make(mr_expression *path, int64_t unit, mr_ctx *c, mrx_set_error tell) {
  mrx_clock *k = malloc(sizeof *k);
  if (k == NULL || !mrx_keep_text(path)) {
    mrx_release(path);
    free(k);
    return NULL;
  }
  *k = (mrx_clock){path, unit, c, tell};
  return k;
}

void mrx_clock_release(mrx_clock *k) {
  if (k != NULL)
    mrx_release(k->path);
  free(k);
}

static int32_t refuse(const mrx_clock *k, int32_t code, const char *why, const char *next) {
  char text[768];
  int n = snprintf(text, sizeof text, "MR%d %s\n%s", -code, why, next);
  k->tell(k->context, MR_E_DATA, text, (uint64_t)n < sizeof text ? (uint64_t)n : sizeof text - 1);
  return code;
}

/* ---- RFC 3339 ------------------------------------------------------------------- */

/* `count` digits at *at, which moves behind them. -1: there are others. */
static int64_t digits(const uint8_t **at, const uint8_t *end, int count) {
  int64_t n = 0;
  if (end - *at < count)
    return -1;
  for (; count > 0; count--, ++*at) {
    if (**at < '0' || **at > '9')
      return -1;
    n = 10 * n + (**at - '0');
  }
  return n;
}

static int take(const uint8_t **at, const uint8_t *end, const char *any) {
  if (*at == end || **at == 0 || strchr(any, **at) == NULL)
    return 0;
  ++*at;
  return 1;
}

static int64_t month_days(int64_t year, int64_t month) {
  int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 ? 28 + leap : 30 + ((month + (month > 7)) & 1);
}

/* Days from 1970-01-01 to a date of the Gregorian calendar, years counted from March. */
static int64_t days_of(int64_t year, int64_t month, int64_t day) {
  year -= month < 3;
  month += month < 3 ? 9 : -3;
  return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719469;
}

/* Seconds that the offset at *at is ahead of UTC. 0 in *fits: it is none. */
static int64_t offset(const uint8_t **at, const uint8_t *end, int *fits) {
  if (take(at, end, "Zz"))
    return 0;
  int behind = *at < end && **at == '-';
  *fits = take(at, end, "+-");
  int64_t hours = digits(at, end, 2);
  *fits &= take(at, end, ":");
  int64_t minutes = digits(at, end, 2);
  *fits &= hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60;
  return (behind ? -60 : 60) * (60 * hours + minutes);
}

static int64_t fraction(const uint8_t **at, const uint8_t *end, int *fits) {
  int64_t n = 0, scale = NS;
  if (!take(at, end, "."))
    return 0;
  *fits &= *at < end && **at >= '0' && **at <= '9';
  for (; *at < end && **at >= '0' && **at <= '9'; ++*at)
    if (scale > 1) {
      scale /= 10;
      n += scale * (**at - '0');
    }
  return n;
}

/* 1: the text is a time. *fits is 0 for one that 64 bits do not hold. */
static int read_text(const uint8_t *at, const uint8_t *end, int64_t *time, int *fits) {
  int right = 1;
  int64_t year = digits(&at, end, 4);
  right &= take(&at, end, "-");
  int64_t month = digits(&at, end, 2);
  right &= take(&at, end, "-");
  int64_t day = digits(&at, end, 2);
  right &= take(&at, end, "Tt ");
  int64_t hour = digits(&at, end, 2);
  right &= take(&at, end, ":");
  int64_t minute = digits(&at, end, 2);
  right &= take(&at, end, ":");
  int64_t second = digits(&at, end, 2);
  if (!right || year < 0 || month < 1 || month > 12 || day < 1 || day > month_days(year, month) ||
      hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
    return 0;
  int64_t nanoseconds = fraction(&at, end, &right);
  int64_t ahead = offset(&at, end, &right);
  if (!right || at != end)
    return 0;
  int64_t s = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second - ahead;
  *fits = !__builtin_mul_overflow(s, NS, time) && !__builtin_add_overflow(*time, nanoseconds, time);
  return 1;
}

/* ---- the field -------------------------------------------------------------------- */

/* 0: outside of what 64 bits hold. */
static int read_number(const mrx_clock *k, const mr_datum *d, int64_t *time) {
  if (d->kind == MR_DATUM_INT)
    return !__builtin_mul_overflow(d->integer, k->unit, time);
  double n = d->number, most = 9.2e18 / (double)k->unit;
  if (!(n > -most && n < most))
    return 0;
  int64_t whole = (int64_t)n; /* a double holds fewer digits than both parts have together */
  double part = (n - (double)whole) * (double)k->unit;
  *time = whole * k->unit + (int64_t)(part < 0 ? part - 0.5 : part + 0.5);
  return 1;
}

/* The usual case: a whole number of at most 18 digits. 1: *time is right. */
static int read_whole(const mrx_clock *k, const uint8_t *value, uint64_t size, int64_t *time) {
  const mr_expression *e = k->path;
  const mrx_node *n = &e->nodes[e->root];
  mrx_spot spot;
  if (n->op != MRX_PATH ||
      mrx_locate(e->steps + n->step, n->steps, value, size, &spot) != MRX_FOUND)
    return 0;
  const uint8_t *at = spot.at, *end = value + size;
  int64_t number = 0;
  for (; at < end && *at >= '0' && *at <= '9'; at++) {
    if (at - spot.at == 18)
      return 0;
    number = 10 * number + (*at - '0');
  }
  int is_whole = at > spot.at && at < end && (*at == ',' || *at == '}' || *at == ' ');
  if (!is_whole || (*spot.at == '0' && at > spot.at + 1))
    return 0;
  return !__builtin_mul_overflow(number, k->unit, time);
}

static int is_alone(const uint8_t *value, uint64_t size) {
  const uint8_t *line = memchr(value, '\n', size);
  return MR_LIKELY(line == NULL || line == value + size - 1);
}

static int32_t not_alone(const mrx_clock *k, const uint8_t *value, uint64_t size) {
  mr_json_fault fault;
  if (is_alone(value, size) || mrx_json_check(value, size, &fault))
    return 0;
  return refuse(k, MRX_NOT_JSON, "its value is not one JSON text",
                "let the source make a record of each line, such as `as: line` of file.source");
}

static int32_t read_slowly(const mrx_clock *k, const uint8_t *value, uint64_t size,
                           int64_t *time) {
  const char *mend = "correct the input, or the `field` or `unit` of `event_time`";
  const mrx_record r = {value, size, NULL, 0, MR_TIME_NONE};
  char why[600];
  mr_datum d;
  int fits = 1;
  int32_t refused = mrx_value(k->path, &r, &d);
  if (refused == 0 && size > 0)
    refused = not_alone(k, value, size);
  else if (refused != 0)
    return refuse(k, refused, mrx_refusal(k->path), mend);
  if (refused != 0)
    return refused;
  int is_time = 1;
  if (d.kind == MR_DATUM_INT || d.kind == MR_DATUM_FLOAT)
    fits = read_number(k, &d, time);
  else if (d.kind == MR_DATUM_TEXT)
    is_time = read_text(d.text, d.text + d.size, time, &fits);
  else
    is_time = 0;
  if (MR_LIKELY(is_time && fits && *time != MR_TIME_NONE))
    return 0;
  const char *path = k->path->source;
  int shown = (int)(k->path->source_size < 200 ? k->path->source_size : 200);
  if (d.kind == MR_DATUM_ABSENT) {
    snprintf(why, sizeof why, "there is no `%.*s`", shown, path);
    return refuse(k, MRX_ABSENT, why, mend);
  }
  int length = (int)(d.length < 60 ? d.length : 60);
  const uint8_t *line = memchr(value + d.at, '\n', (size_t)length);
  length = line == NULL ? length : (int)(line - value - (int64_t)d.at);
  snprintf(why, sizeof why, "`%.*s` is no time%s: %.*s", shown, path,
           is_time ? " that 64 bits of nanoseconds hold" : "", length,
           (const char *)value + d.at);
  return refuse(k, MRX_WRONG_TYPE, why, mend);
}

int32_t mrx_clock_read(void *clock, const uint8_t *value, uint64_t size, int64_t *time) {
  const mrx_clock *k = clock;
  if (MR_LIKELY(size > 0 && is_alone(value, size) && read_whole(k, value, size, time)))
    return 0;
  return read_slowly(k, value, size, time);
}
