-- An export that is not a function.
return { exports = { index = "index" } }
