--- JSON without loss: exact 64-bit integers, arrays that stay arrays, the same
--- null as lua-cjson. Fields: decode, encode, null, array, is_array.
return require("sluice.core").json
