--- Plain English: phrases that are not wanted, and one list of all messages (`make messages`).
local lists = require "sluice.internal.lists"
local messages = require "support.messages"
local paths = require "support.paths"

--- A phrase in lower case, and what to write.
local UNWANTED = {
  ["is no"] = "is not a …", ["shall"] = "must", ["somebody"] = "the user, another process, …",
  ["somebody's"] = "the user's, …", ["from 0 on"] = "non-negative", ["for ever"] = "forever", ["went wrong"] = "failed", ["goes wrong"] = "fails",
  ["that is not so"] = "that does not conform", ["counts for nothing"] = "is discarded",
}

--- Where "is no" is not "is not a": there is no …, is no more than …
local WANTED = { "there is no", "there are no", "there was no",
  "is no longer", "is no more", "is no less", "is no such", "is no other", "is no better", "is no worse", "is no wider" }

local SOURCES = { c = true, h = true, cpp = true, lua = true, md = true, sh = true, mk = true, py = true,
  ["1"] = true, ["3"] = true, ["5"] = true, ["7"] = true }

--- The words of a text, in lower case, with single spaces around them; what WANTED allows is taken out.
local function words_of(text)
  local words = (" " .. text:lower() .. " "):gsub("[^%w']+", " "):gsub("is no $", "") -- the line goes on below
  for _, phrase in ipairs(WANTED) do words = words:gsub("%f[%w]" .. phrase .. "%f[%W]", "") end
  return words
end

--- What is wrong with a text, as lines that begin with its place.
local function complaints(place, text, found)
  local words = words_of(text)
  for _, phrase in ipairs(lists.sorted_keys(UNWANTED)) do
    if words:find(" " .. phrase .. " ", 1, true) then
      found[#found + 1] = ('%s: "%s": write %s'):format(place, phrase, UNWANTED[phrase])
    end
  end
end

local IS_CODE = { c = true, h = true, cpp = true, lua = true }

--- Comments and strings of code, paragraphs of other files.
local function look_into(path, found)
  if IS_CODE[path:match "%.(%w+)$"] then
    for _, token in ipairs(messages.tokens_of(path)) do complaints(path .. ":" .. token.line, token.text, found) end
  else
    local number = 0
    for line in io.lines(path) do
      number = number + 1
      complaints(path .. ":" .. number, line, found)
    end
  end
end

describe("the English of the project", function()
  for _, name in ipairs { "README.md", "CONTRIBUTING.md" } do
    it("is plain in " .. name, function()
      local found = {}
      look_into(paths.root .. "/" .. name, found)
      assert.equal("", table.concat(found, "\n"))
    end)
  end

  for _, directory in ipairs { "runtime", "lualib", "scripts", "examples", "tests" } do
    it("is plain in " .. directory, function()
      local found = {}
      for _, path in ipairs(messages.files(paths.root .. "/" .. directory, SOURCES)) do
        if not path:find "words_spec%.lua$" then look_into(path, found) end
      end
      assert.equal("", table.concat(found, "\n"))
    end)
  end

  it("is plain in the pages at the top", function()
    local found = {}
    for _, name in ipairs { "README.md", "CHANGELOG.md" } do look_into(paths.root .. "/" .. name, found) end
    assert.equal("", table.concat(found, "\n"))
  end)
end)

describe("the list of messages", function()
  it("has those of C, whose pieces are joined, and those of Lua", function()
    local texts = {}
    for _, message in messages.each() do texts[message.text] = true end
    assert.truthy(texts["the worker did not introduce itself within %d ms"])
    assert.truthy(texts["stream \\\"%s\\\", sequence %u: %zu bytes, over the cap of %zu"] or texts["the recording is damaged at byte %u: %s"])
    assert.truthy(texts["nothing was committed"])
  end)

  it("knows comments from strings", function()
    local kinds = lists.map(messages.tokens([[
      local a = "one two" -- "three four"
      --[==[ "five" ]==] local b = 'six "seven"'
    ]], false), function(token) return token.kind end)
    assert.same({ "string", "comment", "comment", "string" }, kinds)
    kinds = lists.map(messages.tokens('char c = \'"\'; f("a " /* "b" */); // "c"\n', true), function(token) return token.kind .. token.text end)
    assert.same({ "stringa ", 'comment/* "b" */', 'comment// "c"\n' }, kinds)
  end)
end)
