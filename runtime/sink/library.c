/* library.c - see library.h */
#include "sink/library.h"

#include <dlfcn.h>
#include <string.h>

static int find(void *library, const char *name, void *table, const struct sl_function *f, struct sl_error *err)
{
	void *address = dlsym(library, f->name);
	if (address == NULL)
		return sl_fail(err, SL_SINK, 0, "%s is too old: it has no %s", name, f->name);
	memcpy((char *)table + f->at, &address, sizeof address);
	return 0;
}

int sl_library_load(const char *library, const char *package, void *table,
                    const struct sl_function *functions, size_t count, struct sl_error *err)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL)
		return sl_fail(err, SL_SINK, 0, "%s cannot be loaded (Debian: %s): %s", library, package, dlerror());
	for (size_t i = 0; i < count; i++)
		if (find(handle, library, table, &functions[i], err) != 0)
			return -1;
	return 0;
}
