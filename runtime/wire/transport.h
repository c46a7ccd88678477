/*
 * transport.h - which descriptors runner and worker use (room: wire)
 *
 * The list of transports, for both sides: the runner puts the name of one into
 * the worker's environment, and the worker claims the descriptors that belong to
 * it (host/transport.h).
 */
#pragma once

/* X(identifier, name) */
#define SL_TRANSPORTS(X)                                                          \
	X(PIPE, "pipe")   /* 3 and 4; output to 1 and 2 is captured */            \
	X(STDIO, "stdio") /* 0 and 1; output to 2 is captured */

enum sl_transport_kind {
#define SL_TRANSPORT_ENUM(id, name) SL_TRANSPORT_##id,
	SL_TRANSPORTS(SL_TRANSPORT_ENUM)
#undef SL_TRANSPORT_ENUM
	SL_TRANSPORT_COUNT
};

/* Indexed by kind; NULL at the end. */
extern const char *const sl_transport_names[SL_TRANSPORT_COUNT + 1];

/* The capacity of a pipe in bytes; the system may give less. */
#define SL_PIPE_SIZE (1024 * 1024)

/* The environment variable with the name, in the worker. */
#define SL_TRANSPORT_VARIABLE "SLUICE_TRANSPORT"
