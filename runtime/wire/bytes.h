/*
 * bytes.h - little-endian integers in byte strings (room: wire, private)
 *
 * Uses shifts, so that neither alignment nor the machine's byte order matters;
 * compilers turn each into one load or store.
 */
#pragma once

#include <stdint.h>

static inline void sl_put16(unsigned char *p, uint16_t v)
{
	p[0] = (unsigned char)v;
	p[1] = (unsigned char)(v >> 8);
}

static inline void sl_put32(unsigned char *p, uint32_t v)
{
	sl_put16(p, (uint16_t)v);
	sl_put16(p + 2, (uint16_t)(v >> 16));
}

static inline void sl_put64(unsigned char *p, uint64_t v)
{
	sl_put32(p, (uint32_t)v);
	sl_put32(p + 4, (uint32_t)(v >> 32));
}

static inline uint16_t sl_get16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t sl_get32(const unsigned char *p)
{
	return sl_get16(p) | (uint32_t)sl_get16(p + 2) << 16;
}

static inline uint64_t sl_get64(const unsigned char *p)
{
	return sl_get32(p) | (uint64_t)sl_get32(p + 4) << 32;
}
