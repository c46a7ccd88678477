/*
 * port.h - a descriptor that the loop watches (room: supervise, private)
 *
 * The memory of the libuv handle belongs to its owner, and must stay until
 * on_closed has been called for it.
 */
#pragma once

#include <uv.h>

struct sl_port { /* embedded, with fd -1 */
	uv_poll_t poll;
	int fd;      /* -1: closed */
	int watched; /* UV_READABLE, UV_WRITABLE or 0 */
};

/* Hand fd to the loop; data goes to the handle. -1 and errno: fd is still the
 * caller's, and on_closed will not be called. */
int sl_port_open(struct sl_port *port, uv_loop_t *loop, int fd, void *data);

/* Watch for these events instead of the previous ones; 0: for none. */
void sl_port_watch(struct sl_port *port, int events, uv_poll_cb on_ready);

/* Close the descriptor now, the handle on a later turn. Accepts a closed one. */
void sl_port_close(struct sl_port *port, uv_close_cb on_closed);
