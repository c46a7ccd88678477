/* port.c - see port.h */
#include "supervise/port.h"

#include <errno.h>
#include <unistd.h>

int sl_port_open(struct sl_port *port, uv_loop_t *loop, int fd, void *data)
{
	int rc = uv_poll_init(loop, &port->poll, fd);
	if (rc != 0) {
		errno = -rc;
		return -1;
	}
	port->fd = fd;
	port->poll.data = data;
	return 0;
}

void sl_port_watch(struct sl_port *port, int events, uv_poll_cb on_ready)
{
	if (port->fd < 0 || port->watched == events)
		return;
	port->watched = events;
	if (events == 0)
		uv_poll_stop(&port->poll);
	else
		uv_poll_start(&port->poll, events, on_ready);
}

/* libuv is done with a stopped poll handle's descriptor at once. */
void sl_port_close(struct sl_port *port, uv_close_cb on_closed)
{
	if (port->fd < 0)
		return;
	uv_poll_stop(&port->poll);
	close(port->fd);
	port->fd = -1;
	uv_close((uv_handle_t *)&port->poll, on_closed);
}
