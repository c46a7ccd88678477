/* restarts.c - see restarts.h */
#include "supervise/restarts.h"

#include "base/clock.h"

void sl_restarts_note(struct sl_restarts *r, int64_t now_ns)
{
	r->at_ns[r->count++ % SL_RESTART_LIMIT_COUNT] = now_ns;
}

int sl_restarts_check(const struct sl_restarts *r, const char *name, int64_t now_ns,
                      struct sl_error *err)
{
	int64_t oldest_ns = r->at_ns[r->count % SL_RESTART_LIMIT_COUNT];
	if (r->count < SL_RESTART_LIMIT_COUNT || now_ns - oldest_ns > SL_RESTART_WINDOW_S * SL_NS_PER_S)
		return 0;
	return sl_fail(err, SL_RESTART_LIMIT, 0, "%s failed %d times in %d s; giving up",
	               name, SL_RESTART_LIMIT_COUNT, SL_RESTART_WINDOW_S);
}
