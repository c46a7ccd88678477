/* counts.c - see counts.h */
#include "script/counts.h"

#include <stddef.h>

#include "script/route.h"
#include "script/run.h"

static void add(struct sl_counts *sum, const struct sl_counts *c)
{
	sum->rows += c->rows;
	sum->bytes += c->bytes;
	sum->invalid += c->invalid;
	for (int i = 0; i < SL_FATE_COUNT; i++)
		sum->fates[i] += c->fates[i];
}

void sl_counts_add_run(struct sl_counts *sum, const struct sl_run *run)
{
	for (size_t i = 0; i < run->route_count; i++)
		if (run->routes[i] != NULL)
			add(sum, &run->routes[i]->counts);
}

struct sl_counts sl_counts_of(const struct sl_script *s)
{
	struct sl_counts sum = { 0 };
	const struct sl_run *run = s != NULL ? LIST_FIRST(&s->runs) : NULL;
	if (s != NULL && run == NULL)
		return s->counts;
	for (; run != NULL; run = LIST_NEXT(run, entry))
		sl_counts_add_run(&sum, run);
	return sum;
}
