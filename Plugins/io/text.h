/* SPDX-License-Identifier: Apache-2.0
 * A record as text: the value, or key, tab and value; and a newline unless the value ends with
 * one. */
#ifndef MR_IO_TEXT_H
#define MR_IO_TEXT_H

#include "io.h"

extern const mr_param io_format;

/* Read `format`. MR_OK or MR_E_*. */
static inline mr_status io_text_configure(const mr_config *config, uint32_t *with_key) {
  mr_str format;
  mr_status status = config->get_string(config, "/format", &format);
  *with_key = status == MR_OK && format.size == strlen("key_value");
  return status;
}

/* The bytes that io_text_put writes. */
static inline uint64_t io_text_size(uint32_t with_key, const uint8_t *payload,
                                    const mr_record *record) {
  uint64_t size = mr_value_size(record);
  int ends = size > 0 && payload[record->length - 1] == '\n';
  return size + !ends + (with_key ? record->key_length + 1u : 0);
}

/* Write the record at `to`. Returns what is behind it. */
static inline uint8_t *io_text_put(uint32_t with_key, uint8_t *to, const uint8_t *payload,
                                   const mr_record *record) {
  uint32_t key = record->key_length, size = mr_value_size(record);
  if (with_key) {
    memcpy(to, payload, key);
    to += key;
    *to++ = '\t';
  }
  memcpy(to, payload + key, size);
  to += size;
  if (size == 0 || to[-1] != '\n')
    *to++ = '\n';
  return to;
}

#endif
