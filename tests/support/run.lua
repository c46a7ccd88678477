-- Run busted under whatever interpreter runs this file.
require "busted.runner" { standalone = false }
