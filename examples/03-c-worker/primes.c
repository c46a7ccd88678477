/* A native worker: the primes below the number in the request. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <sluice/worker.h>

static int is_prime(uint64_t n)
{
	for (uint64_t d = 2; d * d <= n; d++)
		if (n % d == 0)
			return 0;
	return n >= 2;
}

static int below(sluice_request *rq, void *user)
{
	uint64_t limit = strtoull(sluice_request_text(rq, NULL), NULL, 10), last = 0;
	char json[96];
	(void)user;
	if (limit == 0) {
		sluice_fail(rq, "the request must be a positive integer, such as 100");
		return 1;
	}
	for (uint64_t n = 2; n < limit; n++) {
		if (n % 1024 == 0)
			sluice_emit_progress(rq, "searching", n, limit);
		if (!is_prime(n))
			continue;
		int len = snprintf(json, sizeof json, "{\"prime\":%" PRIu64 ",\"gap\":%" PRIu64 "}",
		                   n, last == 0 ? 0 : n - last);
		int status = sluice_emit_row(rq, "primes", json, (size_t)len);
		if (status != SLUICE_OK)
			return status;
		last = n;
	}
	return 0;
}

int main(void)
{
	static const struct sluice_export exports[] = { { "below", SLUICE_ROWS, below, NULL } };
	static const struct sluice_worker worker = { "primes", "1.0", exports, 1 };
	return sluice_worker_main(&worker);
}
