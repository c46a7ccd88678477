-- One field of large rows, without decoding the rest.
return {
  on_row = function(row) print(row:get("size")) end,
}
