-- Cannot be parsed.
return {
  exports = { index = function( end },
}
