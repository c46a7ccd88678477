-- The meaning of database urls.
local dialects = require "sluice.internal.sql.dialects"

local function read(url)
  local target, problem = dialects.parse(url)
  return target or error(problem, 2)
end

describe("the url of a database", function()
  it("is a file of SQLite, with any name", function()
    assert.equal("decls.db", read("sqlite:decls.db").name)
    assert.equal("/var/decls.db", read("sqlite:/var/decls.db").name)
    assert.equal("./file:x?mode=ro", read("sqlite:file:x?mode=ro").name)
  end)

  it("is passed to libpq, with defaults added", function()
    assert.equal("postgresql://u:p@h:5433/d?application_name=sluice&client_encoding=UTF8&keepalives_idle=20&keepalives_interval=10&keepalives_count=4&tcp_user_timeout=60000",
      read("postgres://u:p@h:5433/d").name)
    assert.equal("postgresql:///d?host=/run&application_name=mine&client_encoding=UTF8&keepalives_idle=20&keepalives_interval=10&keepalives_count=4&tcp_user_timeout=60000",
      read("postgresql:///d?host=/run&application_name=mine").name)
  end)

  it("is shown without its password", function()
    assert.equal("postgres://u@h/d", read("postgres://u:p@h/d").shown)
    assert.equal("postgres://u@h/d", read("postgres://u:p@q:r@h/d").shown)
    assert.equal("postgres:///d?host=/run", read("postgres:///d?host=/run&password=p").shown)
    assert.equal("postgres:///d?host=/run", read("postgres:///d?password=p&host=/run").shown)
    assert.equal("postgres:///d", read("postgres:///d?password=p").shown)
  end)

  it("is refused if it is anything else", function()
    for _, url in ipairs { "decls.db", "sqlite:", "mysql://h/d", "postgres:d", "postgres://h/d e", "sqlite:a\0b" } do
      local target, problem = dialects.parse(url)
      assert.is_nil(target)
      assert.is_string(problem)
    end
  end)
end)
