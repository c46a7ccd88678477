--- `sluice new`: a worker that is a shell script and prints JSON lines.
return {
  words = {
    FILE = "worker.sh", BUILD = "", IGNORED = "",
    WORKER = '  worker = { "./worker.sh", "notes.txt" },\n  lines = true, -- it prints JSON lines\n  stream = "todos",',
    COMMAND = "./worker.sh notes.txt", OPTIONS = "--lines --stream todos ",
  },
  executable = { ["worker.sh"] = true },
  files = {
    ["worker.sh"] = [[
#!/bin/sh
# The open tasks, lines that begin with "- [ ] ", of the files that are its arguments: a line of JSON for each.
set -eu
exec awk '
function quoted(text) {
	gsub(/\\/, "\\\\", text)
	gsub(/"/, "\\\"", text)
	gsub(/\t/, "\\t", text)
	gsub(/\r/, "\\r", text)
	return "\"" text "\""
}
/^- \[ \] / { printf "{\"file\":%s,\"line\":%d,\"text\":%s}\n", quoted(FILENAME), FNR, quoted(substr($0, 7)) }
' "$@"
]],
  },
}
