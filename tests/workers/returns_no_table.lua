-- A file that forgot what it should return.
local M = {}
M.exports = {}
