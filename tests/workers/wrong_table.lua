-- An export that is no function.
return { exports = { index = "index" } }
