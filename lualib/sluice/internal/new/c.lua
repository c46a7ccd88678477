--- `sluice new`: a native worker in C.
return {
  words = {
    FILE = "worker.c", BUILD = "make && ", IGNORED = "worker\n",
    WORKER = '  worker = { "./worker", "notes.txt" }, -- make builds it',
    COMMAND = "./worker notes.txt",
  },
  files = {
    ["Makefile"] = [[
CFLAGS ?= -O2 -Wall -Wextra
LIBDIR = $(shell pkg-config --variable=libdir sluice-worker)

worker: worker.c
	$(CC) $(CFLAGS) $(shell pkg-config --cflags sluice-worker) -o $@ $< \
		$(shell pkg-config --libs sluice-worker) -Wl,-rpath,$(LIBDIR)

clean:
	rm -f worker
]],
    ["worker.c"] = [[
/* The open tasks, lines that begin with "- [ ] ", of the files that are its arguments. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/worker.h>

#define MARK "- [ ] "

static char **files;

/* Text as a JSON string. */
static void put_string(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			fprintf(out, "\\u%04x", (unsigned char)*s);
		else
			fputc(*s, out);
	}
	fputc('"', out);
}

static int emit_todo(sluice_request *rq, const char *file, unsigned line, const char *text)
{
	char *json = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&json, &len);
	if (out == NULL)
		return SLUICE_NO_MEMORY;
	fputs("{\"file\":", out);
	put_string(out, file);
	fprintf(out, ",\"line\":%u,\"text\":", line);
	put_string(out, text);
	fputc('}', out);
	int status = fclose(out) == 0 ? sluice_emit_row(rq, "todos", json, len) : SLUICE_NO_MEMORY;
	free(json);
	return status;
}

static int scan(sluice_request *rq, const char *name, FILE *file)
{
	char *line = NULL;
	size_t room = 0;
	int status = SLUICE_OK;
	for (unsigned n = 1; status == SLUICE_OK && getline(&line, &room, file) >= 0; n++) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, MARK, strlen(MARK)) == 0)
			status = emit_todo(rq, name, n, line + strlen(MARK));
	}
	free(line);
	return status;
}

static int todos(sluice_request *rq, void *user)
{
	int status = SLUICE_OK;
	(void)user;
	for (char **name = files; *name != NULL && status == SLUICE_OK; name++) {
		FILE *file = fopen(*name, "r");
		if (file == NULL) {
			char why[300];
			snprintf(why, sizeof why, "%s: %s", *name, strerror(errno));
			sluice_fail(rq, why);
			return 1;
		}
		status = scan(rq, *name, file);
		fclose(file);
	}
	return status;
}

int main(int argc, char **argv)
{
	static const struct sluice_export exports[] = { { "todos", SLUICE_ROWS, todos, NULL } };
	static const struct sluice_worker worker = { "$NAME", "1.0", exports, 1 };
	files = argc > 0 ? argv + 1 : argv;
	return sluice_worker_main(&worker);
}
]],
  },
}
