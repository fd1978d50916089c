/* SPDX-License-Identifier: Apache-2.0
 * The key hash: XXH3, 64 bits, seed 0, as Yann Collet's specification (xxHash doc, XXH3 section)
 * defines it. Written for keys: short ones by direct formulas, long ones without vector code.
 * Test vectors: Tests/MillraceFlowTests. */
#include "layout.h"

#define P32_1 0x9E3779B1u
#define P32_2 0x85EBCA77u
#define P32_3 0xC2B2AE3Du
#define P64_1 0x9E3779B185EBCA87ull
#define P64_2 0xC2B2AE3D27D4EB4Full
#define P64_3 0x165667B19E3779F9ull
#define P64_4 0x85EBCA77C2B2AE63ull
#define P64_5 0x27D4EB2F165667C5ull

static const uint8_t secret[] = {
    0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c,
    0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f,
    0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21,
    0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c,
    0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3,
    0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8,
    0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d,
    0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64,
    0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb,
    0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e,
    0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce,
    0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
};
_Static_assert(sizeof secret == 192, "none of them is missing");

static uint64_t read64(const uint8_t *p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

static uint32_t read32(const uint8_t *p) {
  uint32_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

static uint64_t fold(uint64_t a, uint64_t b) {
  __extension__ typedef unsigned __int128 wide;
  wide product = (wide)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t avalanche(uint64_t h) {
  h ^= h >> 37;
  h *= 0x165667919E3779F9ull;
  return h ^ (h >> 32);
}

static uint64_t avalanche_short(uint64_t h) {
  h ^= h >> 33;
  h *= P64_2;
  h ^= h >> 29;
  h *= P64_3;
  return h ^ (h >> 32);
}

static uint64_t rotate(uint64_t v, int n) { return v << n | v >> (64 - n); }

static uint64_t up_to_16(const uint8_t *p, uint64_t n) {
  if (n > 8) {
    uint64_t flip_low = read64(secret + 24) ^ read64(secret + 32);
    uint64_t flip_high = read64(secret + 40) ^ read64(secret + 48);
    uint64_t low = read64(p) ^ flip_low, high = read64(p + n - 8) ^ flip_high;
    return avalanche(n + __builtin_bswap64(low) + high + fold(low, high));
  }
  if (n >= 4) {
    uint64_t flip = read64(secret + 8) ^ read64(secret + 16);
    uint64_t keyed = (read32(p + n - 4) + ((uint64_t)read32(p) << 32)) ^ flip;
    uint64_t h = keyed ^ rotate(keyed, 49) ^ rotate(keyed, 24);
    h *= 0x9FB21C651E98DF25ull;
    h ^= (h >> 35) + n;
    h *= 0x9FB21C651E98DF25ull;
    return h ^ (h >> 28);
  }
  if (n) {
    uint32_t mixed = (uint32_t)p[0] << 16 | (uint32_t)p[n >> 1] << 24 | p[n - 1] | (uint32_t)n << 8;
    return avalanche_short(mixed ^ (uint64_t)(read32(secret) ^ read32(secret + 4)));
  }
  return avalanche_short(read64(secret + 56) ^ read64(secret + 64));
}

static uint64_t mix16(const uint8_t *p, const uint8_t *key) {
  return fold(read64(p) ^ read64(key), read64(p + 8) ^ read64(key + 8));
}

static uint64_t up_to_128(const uint8_t *p, uint64_t n) {
  uint64_t h = n * P64_1;
  for (uint64_t i = (n - 1) / 32 + 1; i-- > 0;)
    h += mix16(p + 16 * i, secret + 32 * i) + mix16(p + n - 16 * (i + 1), secret + 32 * i + 16);
  return avalanche(h);
}

static uint64_t up_to_240(const uint8_t *p, uint64_t n) {
  uint64_t h = n * P64_1;
  for (uint64_t i = 0; i < 8; i++)
    h += mix16(p + 16 * i, secret + 16 * i);
  h = avalanche(h);
  for (uint64_t i = 8; i < n / 16; i++)
    h += mix16(p + 16 * i, secret + 16 * (i - 8) + 3);
  return avalanche(h + mix16(p + n - 16, secret + 136 - 17));
}

static void accumulate(uint64_t acc[8], const uint8_t *p, const uint8_t *key) {
  for (int i = 0; i < 8; i++) {
    uint64_t value = read64(p + 8 * i), mixed = value ^ read64(key + 8 * i);
    acc[i ^ 1] += value;
    acc[i] += (mixed & 0xFFFFFFFFu) * (mixed >> 32);
  }
}

static uint64_t long_input(const uint8_t *p, uint64_t n) {
  enum { STRIPE = 64, STRIPES = (192 - 64) / 8, BLOCK = STRIPE * STRIPES };
  uint64_t acc[8] = {P32_3, P64_1, P64_2, P64_3, P64_4, P32_2, P64_5, P32_1};
  uint64_t blocks = (n - 1) / BLOCK;
  for (uint64_t b = 0; b < blocks; b++) {
    for (uint64_t s = 0; s < STRIPES; s++)
      accumulate(acc, p + b * BLOCK + s * STRIPE, secret + 8 * s);
    for (int i = 0; i < 8; i++)
      acc[i] = (acc[i] ^ acc[i] >> 47 ^ read64(secret + 128 + 8 * i)) * P32_1;
  }
  uint64_t stripes = (n - 1 - BLOCK * blocks) / STRIPE;
  for (uint64_t s = 0; s < stripes; s++)
    accumulate(acc, p + blocks * BLOCK + s * STRIPE, secret + 8 * s);
  accumulate(acc, p + n - STRIPE, secret + 192 - 64 - 7);
  uint64_t h = n * P64_1;
  for (int i = 0; i < 4; i++)
    h += fold(acc[2 * i] ^ read64(secret + 11 + 16 * i),
              acc[2 * i + 1] ^ read64(secret + 19 + 16 * i));
  return avalanche(h);
}

uint64_t mrr_xxh3(const void *data, uint64_t size) {
  const uint8_t *p = data;
  if (size <= 16)
    return up_to_16(p, size);
  if (size <= 128)
    return up_to_128(p, size);
  return size <= 240 ? up_to_240(p, size) : long_input(p, size);
}
