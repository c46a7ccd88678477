--- What the system does to a run, by the table.
local shell = require "support.shell"
local trial = require "faults.trial"

teardown(shell.forget)

describe("a run with", function() trial.specify("system", it) end)
