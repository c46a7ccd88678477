--- Full disks: a small tmpfs if one can be mounted (as root, or in a separate
--- user namespace), and everywhere a limit on the size of files.
local paths = require "support.paths"
local shell = require "support.shell"

after_each(shell.forget)

-- ---- the disks -----------------------------------------------------------

local KIB = 512

---@class full_disk.Disk
---@field name string
---@field line fun(dir: string, script: string): string  the command line that runs the script with its disk in dir
---@field why string  the system's error message

---@type full_disk.Disk
local tmpfs = {
  name = ("a tmpfs of %d KiB"):format(KIB),
  line = function(dir, script)
    local mounted = ("mount -t tmpfs -o size=%dk none %s && { %s\n}"):format(KIB, dir, script)
    return "unshare --map-root-user --mount sh -c " .. paths.quote(mounted)
  end,
  why = "No space left on device",
}

---@type full_disk.Disk
local limit = {
  name = ("files of at most %d KiB"):format(KIB),
  line = function(_, script)
    return "sh -c " .. paths.quote(("ulimit -f %d; %s"):format(KIB * 2, script))
  end,
  why = "File too large",
}

local function may_mount()
  local dir = shell.directory()
  local may = os.execute(tmpfs.line(dir, "true") .. " >/dev/null 2>&1")
  shell.forget()
  return may
end

local disks = may_mount() and { tmpfs, limit } or { limit }
for _, disk in ipairs(disks) do print("full disk: by " .. disk.name) end

-- ---- the runs ------------------------------------------------------------

--- The sinks of a policy, by the names of their streams; each stream has 20,000
--- rows of a hundred letters that hardly compress.
local POLICY = [[
local dir, kinds = ...
local csv, jsonl, sql = require "sluice.sink.csv", require "sluice.sink.jsonl", require "sluice.sink.sql"
local make = {
  jsonl = function() return jsonl.file(dir .. "/rows.jsonl") end,
  append = function() return jsonl.file(dir .. "/rows.jsonl", { append = true }) end,
  csv = function() return csv.file(dir .. "/rows.csv", { columns = { "i", "text" } }) end,
  gzip = function() return jsonl.file(dir .. "/rows.gz") end,
  sqlite = function()
    return sql.table { url = "sqlite:" .. dir .. "/rows.db", name = "rows", columns = { i = "integer", text = "text" } }
  end,
  few = function() return jsonl.file(dir .. "/few.jsonl") end,
}
local streams = {}
for kind in kinds:gmatch "%a+" do
  streams[kind] = { where = kind == "few" and function(row) return row:get "i" < 3 end or nil, sink = make[kind]() }
end
return { request = kinds, streams = streams }]]

local WORKER = [[
return { exports = { fill = function(kinds, emit)
  local state = 1
  for i = 1, 20000 do
    local letters = {}
    for k = 1, 100 do
      state = state * 1103515245 + 12345 & 0x7fffffff
      letters[k] = string.char(97 + (state >> 16) % 26)
    end
    for kind in kinds:gmatch "%a+" do emit:row(kind, { i = i, text = table.concat(letters) }) end
  end
end } }]]

local OLD = [[
for name in rows.jsonl rows.csv rows.gz few.jsonl; do echo old >$name; done
sqlite3 rows.db 'create table rows (i integer, text text); insert into rows values (7, 0)']]

--- Lists the directory afterwards.
local LOOK = [[
echo "status $?"
for name in $(ls -A | sort); do
	case $name in
	*.db) sqlite3 $name "select 'rows.db: ' || i || ' ' || (select * from pragma_integrity_check) from rows" ;;
	*) echo "$name: $(head -c 100 $name)" ;;
	esac
done]]

local function run(disk, before, kinds)
  local dir = shell.directory()
  local sluice = shell.line { paths.sluice, "run", "--quiet", "--arg", dir, "--arg", kinds, shell.file(POLICY, "policy.lua"),
    "--", shell.file(WORKER, "worker.lua") }
  return shell.run(disk.line(dir, ("cd %s\n%s\n%s\n%s"):format(dir, before, sluice, LOOK)))
end

local function fails(disk, before, kinds, after)
  local result = run(disk, before, kinds)
  assert.equal("status 4\n" .. after, result.out, result.err)
  assert.matches("^sluice: sink: ", result.err)
  assert.is_nil(result.err:find("note: ", 1, true), result.err)
  return result.err
end

local OLD_IS_THERE = "few.jsonl: old\nrows.csv: old\nrows.db: 7 ok\nrows.gz: old\nrows.jsonl: old\n"

for _, disk in ipairs(disks) do
  describe(("a full disk (%s) fails the run and leaves what was there:"):format(disk.name), function()
    for _, kind in ipairs { "jsonl", "csv", "gzip" } do
      it(kind, function()
        assert.matches(disk.why, fails(disk, "true", kind, ""), 1, true)
        assert.matches(disk.why, fails(disk, OLD, kind, OLD_IS_THERE), 1, true)
      end)
    end

    it("sqlite", function()
      assert.matches("disk", fails(disk, "true", "sqlite", ""))
      assert.matches("disk", fails(disk, OLD, "sqlite", OLD_IS_THERE))
    end)

    it("sqlite with a write-ahead log", function()
      local wal = "sqlite3 rows.db 'pragma journal_mode = wal' >/dev/null"
      assert.matches("disk", fails(disk, OLD .. "\n" .. wal, "sqlite", OLD_IS_THERE))
    end)

    it("an appended file", function()
      local long = OLD .. "\nhead -c 300000 /dev/zero | tr '\\0' x >rows.jsonl"
      local after = OLD_IS_THERE:gsub("rows.jsonl: old", "rows.jsonl: " .. ("x"):rep(100))
      assert.matches(disk.why, fails(disk, long, "append", after), 1, true)
    end)

    it("the other sinks of the run", function()
      fails(disk, "true", "few sqlite", "")
      fails(disk, OLD, "few csv", OLD_IS_THERE)
      fails(disk, OLD, "few csv gzip jsonl sqlite", OLD_IS_THERE)
    end)

    it("but not if it is large enough", function()
      local result = run(disk, OLD, "few")
      assert.matches("^status 0\nfew.jsonl: {", result.out)
    end)
  end)
end
