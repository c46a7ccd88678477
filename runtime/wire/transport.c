/* transport.c - see transport.h */
#include "wire/transport.h"

#include <stddef.h>

const char *const sl_transport_names[] = {
#define NAME(id, name) name,
	SL_TRANSPORTS(NAME)
#undef NAME
	NULL
};
