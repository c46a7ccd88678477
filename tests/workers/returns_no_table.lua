-- A file without its return statement.
local M = {}
M.exports = {}
