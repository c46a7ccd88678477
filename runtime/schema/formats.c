/* formats.c - see formats.h */
#include "schema/formats.h"

#include <arpa/inet.h>
#include <string.h>

/* The rest of a text. Functions that take something move p past it. */
struct rest {
	const char *p, *end;
};

static struct rest rest_of(const char *text, size_t len)
{
	return (struct rest){ text, text + len };
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_alphanumeric(char c)
{
	return is_digit(c) || is_letter(c);
}

static bool is_hex(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static bool take(struct rest *r, char c)
{
	if (r->p == r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

/* In either case. */
static bool take_letter(struct rest *r, char lower)
{
	return r->p < r->end && is_letter(*r->p) && (*r->p | 0x20) == lower && r->p++ != NULL;
}

static size_t take_digits(struct rest *r)
{
	const char *from = r->p;
	while (r->p < r->end && is_digit(*r->p))
		r->p++;
	return (size_t)(r->p - from);
}

/* A number of exactly this many digits, within limits. */
static bool take_number(struct rest *r, int digits, int min, int max, int *out)
{
	for (*out = 0; digits > 0; digits--) {
		if (r->p == r->end || !is_digit(*r->p))
			return false;
		*out = *out * 10 + (*r->p++ - '0');
	}
	return *out >= min && *out <= max;
}

/* ---- dates and times ---- */

static int days_in(int year, int month)
{
	static const char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

static bool take_date(struct rest *r)
{
	int year, month, day;
	return take_number(r, 4, 0, 9999, &year) && take(r, '-') &&
	       take_number(r, 2, 1, 12, &month) && take(r, '-') &&
	       take_number(r, 2, 1, days_in(year, month), &day);
}

/* Minutes to be subtracted for UTC. */
static bool take_offset(struct rest *r, int *minutes)
{
	int hour, minute, sign = r->p < r->end && *r->p == '-' ? -1 : 1;
	*minutes = 0;
	if (take_letter(r, 'z'))
		return true;
	if ((!take(r, '+') && !take(r, '-')) || !take_number(r, 2, 0, 23, &hour) || !take(r, ':') ||
	    !take_number(r, 2, 0, 59, &minute))
		return false;
	*minutes = sign * (hour * 60 + minute);
	return true;
}

static bool take_time(struct rest *r)
{
	int hour, minute, second, offset;
	if (!take_number(r, 2, 0, 23, &hour) || !take(r, ':') || !take_number(r, 2, 0, 59, &minute) ||
	    !take(r, ':') || !take_number(r, 2, 0, 60, &second))
		return false;
	if (take(r, '.') && take_digits(r) == 0)
		return false;
	if (!take_offset(r, &offset))
		return false;
	int utc = (hour * 60 + minute - offset + 2 * 1440) % 1440;
	return second < 60 || utc == 1439;
}

static bool date(const char *text, size_t len)
{
	struct rest r = rest_of(text, len);
	return take_date(&r) && r.p == r.end;
}

static bool time_of_day(const char *text, size_t len)
{
	struct rest r = rest_of(text, len);
	return take_time(&r) && r.p == r.end;
}

static bool date_time(const char *text, size_t len)
{
	struct rest r = rest_of(text, len);
	return take_date(&r) && take_letter(&r, 't') && take_time(&r) && r.p == r.end;
}

/* Numbers with these units, none skipped between the first and the last. */
static bool take_units(struct rest *r, const char *units)
{
	bool begun = false;
	for (; *units != '\0'; units++) {
		struct rest before = *r;
		if (take_digits(r) > 0 && take(r, *units)) {
			begun = true;
			continue;
		}
		*r = before;
		if (begun)
			break;
	}
	return begun;
}

static bool duration(const char *text, size_t len)
{
	struct rest r = rest_of(text, len);
	if (!take(&r, 'P'))
		return false;
	if (take_units(&r, "W"))
		return r.p == r.end;
	bool days = take_units(&r, "YMD");
	bool hours = take(&r, 'T');
	if (hours && !take_units(&r, "HMS"))
		return false;
	return (days || hours) && r.p == r.end;
}

/* ---- names and addresses ---- */

static bool label(const char *text, size_t len)
{
	if (len == 0 || len > 63 || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alphanumeric(text[i]) && text[i] != '-')
			return false;
	return true;
}

static bool hostname(const char *text, size_t len)
{
	const char *end = text + len;
	if (len > 253)
		return false;
	for (;;) {
		const char *dot = memchr(text, '.', (size_t)(end - text));
		if (!label(text, (size_t)((dot != NULL ? dot : end) - text)))
			return false;
		if (dot == NULL)
			return true;
		text = dot + 1;
	}
}

static bool address(int family, const char *text, size_t len)
{
	char copy[64], result[16];
	if (len >= sizeof copy || memchr(text, '\0', len) != NULL)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return inet_pton(family, copy, result) == 1;
}

static bool ipv4(const char *text, size_t len)
{
	return address(AF_INET, text, len);
}

static bool ipv6(const char *text, size_t len)
{
	return address(AF_INET6, text, len);
}

static bool quoted_local(const char *text, size_t len)
{
	if (len < 2 || text[len - 1] != '"')
		return false;
	for (size_t i = 1; i < len - 1; i++) {
		if (text[i] == '\\' && ++i == len - 1)
			return false;
		else if (text[i - 1] != '\\' && text[i] == '"')
			return false;
		if (text[i] < 0x20 || text[i] == 0x7F)
			return false;
	}
	return true;
}

static bool local_part(const char *text, size_t len)
{
	if (len == 0 || len > 64)
		return false;
	if (text[0] == '"')
		return quoted_local(text, len);
	for (size_t i = 0; i < len; i++) {
		bool dot = text[i] == '.' && i > 0 && i < len - 1 && text[i - 1] != '.';
		if (!dot && !is_alphanumeric(text[i]) && !is_one_of(text[i], "!#$%&'*+-/=?^_`{|}~"))
			return false;
	}
	return true;
}

static bool literal_domain(const char *text, size_t len)
{
	static const char prefix[] = "IPv6:";
	if (len < 2 || text[len - 1] != ']')
		return false;
	text++;
	len -= 2;
	if (len > 5 && memcmp(text, prefix, 5) == 0)
		return ipv6(text + 5, len - 5);
	return ipv4(text, len);
}

static bool email(const char *text, size_t len)
{
	const char *at = memrchr(text, '@', len);
	if (at == NULL || !local_part(text, (size_t)(at - text)))
		return false;
	len -= (size_t)(at + 1 - text);
	return at[1] == '[' && len > 0 ? literal_domain(at + 1, len) : hostname(at + 1, len);
}

static bool uuid(const char *text, size_t len)
{
	if (len != 36)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? text[i] != '-' : !is_hex(text[i]))
			return false;
	}
	return true;
}

/* ---- URIs ---- */

#define SUBDELIMITERS "!$&'()*+,;="

/* Characters of a URI: letters, digits, -._~, sub-delimiters, `others` and escapes such as %41. */
static bool take_characters(struct rest *r, const char *others)
{
	while (r->p < r->end) {
		if (*r->p == '%') {
			if (r->end - r->p < 3 || !is_hex(r->p[1]) || !is_hex(r->p[2]))
				return false;
			r->p += 3;
		} else if (is_alphanumeric(*r->p) || is_one_of(*r->p, "-._~" SUBDELIMITERS) ||
		           is_one_of(*r->p, others)) {
			r->p++;
		} else {
			break;
		}
	}
	return true;
}

static bool take_host(struct rest *r)
{
	if (!take(r, '['))
		return take_characters(r, "");
	const char *from = r->p, *close = memchr(from, ']', (size_t)(r->end - from));
	if (close == NULL || !ipv6(from, (size_t)(close - from)))
		return false;
	r->p = close + 1;
	return true;
}

static bool take_authority(struct rest *r)
{
	struct rest user = *r;
	if (take_characters(&user, ":") && take(&user, '@'))
		*r = user;
	if (!take_host(r))
		return false;
	if (take(r, ':'))
		take_digits(r);
	return r->p == r->end || is_one_of(*r->p, "/?#");
}

static bool take_scheme(struct rest *r)
{
	struct rest before = *r;
	if (r->p < r->end && is_letter(*r->p))
		while (r->p < r->end && (is_alphanumeric(*r->p) || is_one_of(*r->p, "+-.")))
			r->p++;
	if (r->p > before.p && take(r, ':'))
		return true;
	*r = before;
	return false;
}

static bool take_after_scheme(struct rest *r)
{
	if (r->end - r->p >= 2 && memcmp(r->p, "//", 2) == 0) {
		r->p += 2;
		if (!take_authority(r))
			return false;
	}
	if (!take_characters(r, ":@/"))
		return false;
	if (take(r, '?') && !take_characters(r, ":@/?"))
		return false;
	return (!take(r, '#') || take_characters(r, ":@/?")) && r->p == r->end;
}

static bool uri(const char *text, size_t len)
{
	struct rest r = rest_of(text, len);
	return take_scheme(&r) && take_after_scheme(&r);
}

/* Without a scheme, the first segment has no colon. */
static bool uri_reference(const char *text, size_t len)
{
	struct rest r = rest_of(text, len);
	if (take_scheme(&r))
		return take_after_scheme(&r);
	size_t segment = 0;
	while (segment < len && !is_one_of(text[segment], "/?#"))
		segment++;
	return memchr(text, ':', segment) == NULL && take_after_scheme(&r);
}

static bool json_pointer(const char *text, size_t len)
{
	if (len > 0 && text[0] != '/')
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] == '~' && (i + 1 == len || !is_one_of(text[i + 1], "01")))
			return false;
	return true;
}

/* ---- the table ---- */

static const struct {
	const char *name;
	sl_format is;
} formats[] = {
	{ "date", date },
	{ "date-time", date_time },
	{ "duration", duration },
	{ "email", email },
	{ "hostname", hostname },
	{ "ipv4", ipv4 },
	{ "ipv6", ipv6 },
	{ "json-pointer", json_pointer },
	{ "time", time_of_day },
	{ "uri", uri },
	{ "uri-reference", uri_reference },
	{ "uuid", uuid },
};

#define COUNT (sizeof formats / sizeof *formats)

sl_format sl_format_find(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(formats[i].name, name) == 0)
			return formats[i].is;
	return NULL;
}

const char *sl_format_name(size_t place)
{
	return place < COUNT ? formats[place].name : NULL;
}
