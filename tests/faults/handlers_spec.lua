--- Hostile handlers, by the table.
local shell = require "support.shell"
local trial = require "faults.trial"

teardown(shell.forget)

describe("a handler", function() trial.specify("handlers", it) end)
