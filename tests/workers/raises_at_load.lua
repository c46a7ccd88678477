-- Fails before it has told who it is.
error("not today")
