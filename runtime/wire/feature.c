/* feature.c - see feature.h */
#include "wire/feature.h"

static const char *const known_names[SL_FEATURE_COUNT + 1] = {
#define NAME(id, name) [SL_FEATURE_##id] = name,
	SL_FEATURES(NAME)
#undef NAME
};

const struct sl_features sl_known_features = { known_names, SL_FEATURE_COUNT };

_Static_assert(SL_FEATURE_COUNT <= SL_FEATURE_LIMIT, "hello cannot offer so many features");

sl_feature_set sl_features_all(const struct sl_features *known)
{
	return known->count == 0 ? 0 : ~(sl_feature_set)0 >> (SL_FEATURE_LIMIT - known->count);
}

/* The feature's bit; 0 for an unknown name. */
static sl_feature_set bit_of(const struct sl_features *known, struct sl_text name)
{
	for (unsigned i = 0; i < known->count; i++)
		if (sl_text_equal(sl_text_of(known->names[i]), name))
			return (sl_feature_set)1 << i;
	return 0;
}

sl_feature_set sl_features_among(const struct sl_features *known,
                                 const struct sl_feature_names *names)
{
	sl_feature_set set = 0;
	for (uint32_t i = 0; i < names->count; i++)
		set |= bit_of(known, names->name[i]);
	return set;
}

void sl_features_list(const struct sl_features *known, sl_feature_set set,
                      struct sl_feature_names *out)
{
	out->count = 0;
	for (unsigned i = 0; i < known->count; i++)
		if (set >> i & 1)
			out->name[out->count++] = sl_text_of(known->names[i]);
}

int sl_features_picked(const struct sl_features *known, const struct sl_feature_names *names,
                       sl_feature_set *set, struct sl_error *err)
{
	*set = 0;
	for (uint32_t i = 0; i < names->count; i++) {
		sl_feature_set bit = bit_of(known, names->name[i]);
		if (bit == 0)
			return sl_fail(err, SL_PROTOCOL, 0,
			               "the runner picked the feature \"%.*s\", which was not offered",
			               (int)names->name[i].len, names->name[i].bytes);
		*set |= bit;
	}
	return 0;
}
