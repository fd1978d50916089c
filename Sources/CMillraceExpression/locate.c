// SPDX-License-Identifier: Apache-2.0
// From a path to a value in JSON text, reading no more than lies before it.
//
// A name is first looked for 64 bytes at a time: two quotes as far apart as the name is long, the
// name between them, a colon behind. As long as no bracket and no backslash came before, every
// quote before it opens or closes a string, so an even number of them means that this is a member
// of this object and not part of a text. As soon as something did come, the object is walked
// member by member. Both give the same answer for JSON; for a text that is none they may not
// notice it, and what they answer depends on nothing but the text.
#include "json_reader.h"

/* Is the string at `at` (its opening quote) this name? */
static int is_name(const uint8_t *at, const uint8_t *behind, int escaped, const mrx_step *step) {
  mrx_cell written = mrx_text_cell(at + 1, (uint64_t)(behind - at - 2), MRX_ESCAPED);
  if (!escaped)
    return written.size == step->size && memcmp(written.text, step->name, step->size) == 0;
  mrx_cell name = mrx_text_cell(step->name, step->size, 0);
  return mrx_compare_texts(&written, &name) == 0;
}

/* ---- behind a value ----------------------------------------------------------- */

/* Brackets are counted, not matched. With `count`, how many values the container has itself. */
static const uint8_t *skip_container(const uint8_t *at, const uint8_t *end) {
  uint64_t depth = 0;
  int escaped;
  while (at != NULL && at < end) {
    if (end - at >= 16) {
      uint32_t stops = mrx_bracket_stops(at);
      if (stops == 0) {
        at += 16;
        continue;
      }
      at += __builtin_ctz(stops);
    }
    switch (*at) {
    case '"':
      at = mrx_skip_string(at, end, &escaped);
      continue;
    case '{':
    case '[':
      depth++;
      break;
    case '}':
    case ']':
      if (--depth == 0)
        return at + 1;
      break;
    default:
      break;
    }
    at++;
  }
  return NULL;
}

static const uint8_t *skip_scalar(const uint8_t *at, const uint8_t *end) {
  const uint8_t *first = at;
  while (at < end && *at > ' ' && *at != ',' && *at != '}' && *at != ']' && *at != ':' &&
         *at != '"')
    at++;
  return at > first ? at : NULL;
}

int mrx_skip_value(mrx_json_reader *r) {
  int escaped;
  r->at = mrx_skip_space(r->at, r->end);
  if (r->at == r->end)
    return mrx_broken(r, "a value");
  const uint8_t *behind = *r->at == '"'            ? mrx_skip_string(r->at, r->end, &escaped)
                          : (*r->at | 0x20) == '{' ? skip_container(r->at, r->end)
                                                   : skip_scalar(r->at, r->end);
  if (behind == NULL) {
    const char *expected = *r->at == '"'            ? "the end of this string"
                           : (*r->at | 0x20) == '{' ? "the end of this object or array"
                                                    : "a value";
    return mrx_broken(r, expected);
  }
  r->at = behind;
  return MRX_FOUND;
}

/* ---- members and elements --------------------------------------------------------- */

/* To the value of member `step` of the object whose `{` is before the reader. */
static int walk_members(mrx_json_reader *r, const mrx_step *step) {
  if (mrx_take_byte(r, '}'))
    return MRX_MISSING;
  for (;;) {
    int escaped;
    r->at = mrx_skip_space(r->at, r->end);
    if (r->at == r->end || *r->at != '"')
      return mrx_broken(r, "a name in quotes");
    const uint8_t *behind = mrx_skip_string(r->at, r->end, &escaped);
    if (behind == NULL)
      return mrx_broken(r, "the end of this string");
    int found = is_name(r->at, behind, escaped, step);
    r->at = behind;
    if (!mrx_take_byte(r, ':'))
      return mrx_broken(r, "a colon");
    if (found) {
      r->at = mrx_skip_space(r->at, r->end);
      return MRX_FOUND;
    }
    int skipped = mrx_skip_value(r);
    if (skipped != MRX_FOUND)
      return skipped;
    if (mrx_take_byte(r, '}'))
      return MRX_MISSING;
    if (!mrx_take_byte(r, ','))
      return mrx_broken(r, "a comma or the end of the object");
  }
}

/* As walk_members. MRX_BROKEN: it has to be walked; the reader did not move. */
static int search_member(mrx_json_reader *r, const mrx_step *step) {
  const uint8_t *begin = r->at;
  uint32_t apart = (uint32_t)step->size + 1, before = 0;
  uint64_t last = 0; /* quotes of the block before */
  for (const uint8_t *at = begin; at < r->end; at += 64) {
    mrx_block b = mrx_block_at(begin, at, r->end);
    uint64_t clear = b.special ? (b.special & (0 - b.special)) - 1 : UINT64_MAX;
    uint64_t closing = b.quotes & (b.quotes << apart | last >> (64 - apart)) & clear;
    for (; closing; closing &= closing - 1) {
      const uint8_t *quote = at + __builtin_ctzll(closing);
      if (memcmp(quote - step->size, step->name, step->size) != 0)
        continue;
      uint64_t below = b.quotes & (((closing & (0 - closing)) << 1) - 1); /* itself included */
      const uint8_t *value = mrx_skip_space(quote + 1, r->end);
      if (value == r->end || *value != ':' ||
          ((before + (uint32_t)__builtin_popcountll(below)) & 1) != 0)
        continue;
      r->at = mrx_skip_space(value + 1, r->end);
      return MRX_FOUND;
    }
    if (b.special) {
      uint32_t quotes = before + (uint32_t)__builtin_popcountll(b.quotes & clear);
      return at[__builtin_ctzll(b.special)] == '}' && (quotes & 1) == 0 ? MRX_MISSING : MRX_BROKEN;
    }
    before += (uint32_t)__builtin_popcountll(b.quotes);
    last = b.quotes;
  }
  return MRX_BROKEN;
}

static int to_member(mrx_json_reader *r, const mrx_step *step) {
  if (step->plain && step->size < 63) {
    int found = search_member(r, step);
    if (found != MRX_BROKEN)
      return found;
  }
  return walk_members(r, step);
}

int64_t mrx_count_elements(mrx_json_reader *r) {
  int64_t count = 0;
  if (mrx_take_byte(r, ']'))
    return 0;
  for (;;) {
    if (mrx_skip_value(r) != MRX_FOUND)
      return -1;
    count++;
    if (mrx_take_byte(r, ']'))
      return count;
    if (!mrx_take_byte(r, ',')) {
      mrx_broken(r, "a comma or the end of the array");
      return -1;
    }
  }
}

int64_t mrx_count_members(mrx_json_reader *r) {
  int64_t count = 0;
  if (mrx_take_byte(r, '}'))
    return 0;
  for (;;) {
    r->at = mrx_skip_space(r->at, r->end);
    if (r->at == r->end || *r->at != '"') {
      mrx_broken(r, "a name in quotes");
      return -1;
    }
    if (mrx_skip_value(r) != MRX_FOUND)
      return -1;
    if (!mrx_take_byte(r, ':')) {
      mrx_broken(r, "a colon");
      return -1;
    }
    if (mrx_skip_value(r) != MRX_FOUND)
      return -1;
    count++;
    if (mrx_take_byte(r, '}'))
      return count;
    if (!mrx_take_byte(r, ',')) {
      mrx_broken(r, "a comma or the end of the object");
      return -1;
    }
  }
}

static int to_element(mrx_json_reader *r, int64_t position) {
  if (position < 0) {
    mrx_json_reader again = *r;
    int64_t count = mrx_count_elements(&again);
    if (count < 0) {
      *r = again;
      return MRX_BROKEN;
    }
    position += count;
    if (position < 0)
      return MRX_MISSING;
  }
  if (mrx_take_byte(r, ']'))
    return MRX_MISSING;
  for (;; position--) {
    if (position == 0) {
      r->at = mrx_skip_space(r->at, r->end);
      return MRX_FOUND;
    }
    int skipped = mrx_skip_value(r);
    if (skipped != MRX_FOUND)
      return skipped;
    if (mrx_take_byte(r, ']'))
      return MRX_MISSING;
    if (!mrx_take_byte(r, ','))
      return mrx_broken(r, "a comma or the end of the array");
  }
}

int mrx_locate(const mrx_step *steps, uint32_t count, const uint8_t *value, uint64_t size,
               mrx_spot *spot) {
  mrx_json_reader r = {mrx_skip_space(value, value + size), value + size, NULL};
  int found = MRX_FOUND;
  for (uint32_t i = 0; i < count && found == MRX_FOUND; i++) {
    uint8_t bracket = steps[i].name != NULL ? '{' : '[';
    if (r.at == r.end)
      found = mrx_broken(&r, "a value");
    else if (*r.at != bracket)
      found = MRX_MISSING;
    else {
      r.at++;
      found = steps[i].name != NULL ? to_member(&r, &steps[i]) : to_element(&r, steps[i].position);
    }
  }
  if (found == MRX_FOUND && r.at == r.end)
    found = mrx_broken(&r, "a value");
  spot->at = r.at;
  spot->expected = r.expected;
  return found;
}
