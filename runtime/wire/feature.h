/*
 * feature.h - optional parts of the protocol, agreed by name (room: wire)
 *
 * hello offers the names that the worker knows, configure picks those that the
 * runner knows as well, and the picked ones are on. This is how the protocol
 * grows within a version; PROTOCOL.md, "Features", has the rules.
 *
 * The features that a side knows are an argument, so that tests can use names of
 * their own; sl_known_features are those of this runtime.
 */
#pragma once

#include "wire/message.h"

/* X(identifier, "name"): SL_FEATURE_identifier is its number. */
#define SL_FEATURES(X)                                                           \
	X(PLACES, "places")       /* rows have lines: frames of kind place */   \
	X(BAD_LINES, "bad-lines") /* lines that are not rows are reported */    \
	X(STREAMS, "streams")     /* the worker learns which streams are taken by name */

enum sl_feature {
#define SL_FEATURE_ENUM(id, name) SL_FEATURE_##id,
	SL_FEATURES(SL_FEATURE_ENUM)
#undef SL_FEATURE_ENUM
	SL_FEATURE_COUNT
};

struct sl_features { /* names[feature] is its name */
	const char *const *names;
	unsigned count; /* at most SL_FEATURE_LIMIT */
};

extern const struct sl_features sl_known_features;

/* A bit per feature; for sl_known_features, 1 << SL_FEATURE_identifier. */
typedef uint64_t sl_feature_set;

static inline bool sl_features_have(sl_feature_set set, enum sl_feature feature)
{
	return set >> feature & 1;
}

/* All known features, to be offered. */
sl_feature_set sl_features_all(const struct sl_features *known);

/* The known ones among the names; the others are ignored. */
sl_feature_set sl_features_among(const struct sl_features *known,
                                 const struct sl_feature_names *names);

/* Converts a set to names, for hello and configure; *out borrows them from known. */
void sl_features_list(const struct sl_features *known, sl_feature_set set,
                      struct sl_feature_names *out);

/* The worker's side of configure: *set is what the runner picked. Returns -1 and *err
 * (protocol) if it picked a name that was not offered; all known ones are offered. */
int sl_features_picked(const struct sl_features *known, const struct sl_feature_names *names,
                       sl_feature_set *set, struct sl_error *err);
