// DuckDB's command for the tests, on its library for Node.js: only "duckdb -c SQL".
import { DuckDBInstance } from "@duckdb/node-api";

const [option, sql] = process.argv.slice(2);
if (option !== "-c" || sql === undefined) throw new Error("usage: duckdb -c SQL");
const instance = await DuckDBInstance.create(":memory:");
const connection = await instance.connect();
const result = await connection.runAndReadAll(sql);
for (const row of result.getRows()) console.log(row.map(String).join("|"));
