/* pointer.c - see pointer.h */
#include "json/pointer.h"

#include <stdint.h>

bool sl_pointer_is_valid(const char *p, const char *end)
{
	if (p < end && *p != '/')
		return false;
	for (; p < end; p++)
		if (*p == '~' && (p + 1 == end || (p[1] != '0' && p[1] != '1')))
			return false;
	return true;
}

bool sl_pointer_index(const char *token, const char *end, size_t *index)
{
	if (token == end || (*token == '0' && end - token > 1))
		return false;
	for (*index = 0; token < end; token++) {
		if (*token < '0' || *token > '9' || *index > (SIZE_MAX - 9) / 10)
			return false;
		*index = *index * 10 + (size_t)(*token - '0');
	}
	return true;
}

size_t sl_pointer_put(char *out, size_t size, const char *name, size_t len)
{
	size_t used = 0;
	for (size_t i = 0; i < len && used + 2 <= size; i++) {
		bool special = name[i] == '~' || name[i] == '/';
		if (special)
			out[used++] = '~';
		out[used++] = !special ? name[i] : name[i] == '~' ? '0' : '1';
	}
	return used;
}
