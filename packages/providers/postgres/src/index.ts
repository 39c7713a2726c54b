export { type SqlFields, type SqlOptions, type SqlRow, sql } from "./sql.ts";
