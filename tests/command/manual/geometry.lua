local geometry = {}
function geometry.area(w, h) return w * h end
function geometry.perimeter(w, h) return 2 * (w + h) end
local function square(n) return n * n end
function geometry.distance(a, b)
  return math.sqrt(square(a.x - b.x) + square(a.y - b.y))
end
return geometry
