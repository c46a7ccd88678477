--- The manual, embedded in the command as text: `sluice help`.
local core = require "sluice.core"
local lists = require "sluice.internal.lists"
local suggest = require "sluice.internal.suggest"

local M = {}

--- The pages by names such as "sluice-run.1"; given by main.c.
---@type fun(): table<string, string>
function M.texts() return {} end

--- "sluice-run.1" is a page of the topic run, "sluice.1" of sluice.
local function topic_of(name)
  local topic, section = name:match "^sluice%-(.*)%.(%d)$"
  return topic or "sluice", section or name:match "%d$"
end

--- The summary of a page, from its section NAME.
local function about(text)
  local line = text:match "\nNAME\n%s+(.-)\n\n"
  return (line:gsub("%s+", " "):gsub("^.- – ", ""))
end

--- The pages by topic, each in the order of their sections, so that a command's page comes first.
---@return table<string, { section: string, text: string }[]>
local function by_topic()
  local topics, texts = {}, M.texts()
  for _, name in ipairs(lists.sorted_keys(texts)) do
    local topic, section = topic_of(name)
    topics[topic] = topics[topic] or {}
    table.insert(topics[topic], { section = section, text = texts[name] })
  end
  return topics
end

--- A line for each page for which `shows` holds.
local function list(topics, shows)
  local lines = {}
  for _, topic in ipairs(lists.sorted_keys(topics)) do
    for _, page in ipairs(topics[topic]) do
      if shows(page.section, topic) then lines[#lines + 1] = ("  %-12s %s"):format(topic, about(page.text)) end
    end
  end
  return table.concat(lines, "\n")
end

local function contents(topics)
  return ("Commands:\n%s\n\nOther topics:\n%s\n\n%s"):format(
    list(topics, function(section, topic) return section == "1" and topic ~= "sluice" end),
    list(topics, function(section, topic) return section ~= "1" or topic == "sluice" end),
    "`sluice help TOPIC` shows the manual page,\n`sluice COMMAND --help` a list of options.")
end

--- The pages of a topic, or the list of topics.
---@param topic string?
---@return string? text, string? problem
function M.page(topic)
  local topics = by_topic()
  if not topic then return contents(topics) end
  local pages = topics[topic]
  if pages then
    return table.concat(lists.map(pages, function(page) return page.text:gsub("\n+$", "") end), "\n\n")
  end
  local names = lists.sorted_keys(topics)
  local hint = suggest.hint(topic, names)
  if hint == "" then hint = "; the topics are " .. table.concat(names, ", ") end
  return nil, ("%s: the manual has no such topic%s"):format(topic, hint)
end

--- Show a text on a terminal through the user's pager.
---@return boolean shown  false without a terminal or a pager
function M.through_pager(text)
  local pager = os.getenv "PAGER" or "less"
  if not core.terminal(1) or os.getenv "TERM" == "dumb" or pager == "" or pager == "cat" then return false end
  local pipe = io.popen(("LESS=${LESS-FRX} %s"):format(pager), "w")
  if not pipe then return false end
  pipe:write(text, "\n") -- fails if the pager has quit early
  local _, how, status = pipe:close()
  return how ~= "exit" or status ~= 126 and status ~= 127 -- otherwise the shell has not found it
end

return M
