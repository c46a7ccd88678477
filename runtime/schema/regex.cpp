/* regex.cpp - see regex.h: a C interface to RE2 that lets no exception through. */
#include "schema/regex.h"

#include <cstdio>
#include <cstdlib>
#include <new>

#include <re2/re2.h>

#include "schema/ecma.h"

struct sl_regex {
	re2::RE2 compiled;
};

static re2::RE2::Options options()
{
	re2::RE2::Options o;
	o.set_max_mem(SL_REGEX_MEMORY);
	o.set_never_capture(true);
	o.set_log_errors(false);
	return o;
}

/* RE2 can refuse only the size: ecma.c writes nothing that RE2 cannot parse. */
struct sl_regex *sl_regex_new(const char *pattern, size_t len, struct sl_regex_error *err)
{
	char *text = sl_ecma_to_re2(pattern, len, err);
	struct sl_regex *r = text != nullptr ? new (std::nothrow) sl_regex{ { text, options() } } : nullptr;
	free(text);
	if (r == nullptr || r->compiled.ok())
		return r;
	snprintf(err->what, sizeof err->what, "the expression is too large: it would take more than %d MiB; "
	         "lower the counts, or write them as min_length and max_length", SL_REGEX_MEMORY >> 20);
	err->at = 1;
	sl_regex_free(r);
	return nullptr;
}

void sl_regex_free(struct sl_regex *r)
{
	delete r;
}

bool sl_regex_find(const struct sl_regex *r, const char *text, size_t len)
{
	return r->compiled.Match(re2::StringPiece(text, len), 0, len, re2::RE2::UNANCHORED, nullptr, 0);
}
