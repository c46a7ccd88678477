-- Fails before it has introduced itself.
error("not today")
