/*
 * distance.h - how far one word is from another (room: base)
 */
#pragma once

#include <stddef.h>

#include "base/text.h"

/* Edits that turn one word into the other: insert, delete, replace, swap of
 * neighbours (optimal string alignment). SIZE_MAX for words over 64 bytes. */
size_t sl_distance(struct sl_text a, struct sl_text b);
