/*
 * transport.h - the two descriptors that a worker speaks on (room: host)
 *
 * The environment variable SLUICE_TRANSPORT says which they are: "pipe" means
 * read 3 and write 4, "stdio" means 0 and 1. Claiming them makes them private:
 * close-on-exec, the variable unset, and in stdio transport moved to numbers
 * from 10 up, with /dev/null in place of 0 and stderr in place of 1, so that
 * nothing that the worker's own code prints can get between two frames.
 */
#pragma once

#include "base/error.h"
#include "wire/transport.h"

struct sl_transport {
	int in, out; /* owned by the process until it ends */
};

/* "pipe" or "stdio": 0, or -1 and a usage error. */
int sl_transport_from_name(enum sl_transport_kind *kind, const char *name, struct sl_error *err);

/* Reads the variable. If it is not set, the usage error tells a user who started
 * the program by hand how a worker is started. */
int sl_transport_from_environment(enum sl_transport_kind *kind, struct sl_error *err);

/* Make the descriptors private: once, before any of the user's code runs. */
int sl_transport_claim(struct sl_transport *t, enum sl_transport_kind kind, struct sl_error *err);
