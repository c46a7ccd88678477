--- Hostile workers, by the table.
local shell = require "support.shell"
local trial = require "faults.trial"

teardown(shell.forget)

describe("a worker with", function() trial.specify("workers", it) end)
