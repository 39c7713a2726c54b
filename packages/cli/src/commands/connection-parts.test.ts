import { describe, expect, it } from "vitest";
import { connectionFromFlags, connectionFromJson } from "./connection-parts.ts";
import { connectionUri } from "./connection-uri.ts";

describe("A connection", () => {
  it("comes from a URI", async () => {
    const connUri = "postgres://clerk:p%40ss@db:5433/shop?sslmode=require";
    expect(await connectionFromFlags("db", { connUri }, {})).toEqual({
      connection_id: "db",
      conn_type: "postgres",
      host: "db",
      port: 5433,
      login: "clerk",
      password: "p@ss",
      schema: "shop",
      extra: '{"sslmode":"require"}',
    });
  });

  it("comes from parts, with its password from the environment", async () => {
    const flags = { connType: "http", connHost: "api", connPasswordEnv: "API_KEY", connExtra: '{"timeout":3}' };
    expect(await connectionFromFlags("web", flags, { API_KEY: "hush" })).toEqual({
      connection_id: "web",
      conn_type: "http",
      host: "api",
      extra: '{"timeout":3}',
      password: "hush",
    });
  });

  it("is given in exactly one way", async () => {
    await expect(connectionFromFlags("a", {}, {})).rejects.toThrow("Give one of");
    await expect(connectionFromFlags("a", { connType: "x", connUri: "x://" }, {})).rejects.toThrow("Give one of");
  });

  it("never repeats a URI that cannot be read: it may hold a password", async () => {
    const connUri = "postgres:secret@nowhere:port/";
    await expect(connectionFromFlags("a", { connUri: "not a uri with secret" }, {})).rejects.not.toThrow("secret");
    await expect(connectionFromFlags("a", { connUri }, {})).resolves.toMatchObject({ conn_type: "postgres" });
  });

  it("in a file is an object of known fields, or a URI", () => {
    expect(connectionFromJson("a", { conn_type: "aws", extra: { region: "eu" }, port: null })).toEqual({
      connection_id: "a",
      conn_type: "aws",
      extra: '{"region":"eu"}',
    });
    expect(connectionFromJson("a", "http://host")).toMatchObject({ conn_type: "http", host: "host" });
    expect(() => connectionFromJson("a", { conn_type: "x", hots: "y" })).toThrow('has the field "hots"');
    expect(() => connectionFromJson("a", { host: "y" })).toThrow('no "conn_type"');
    expect(() => connectionFromJson("a", 3)).toThrow("neither an object nor a URI");
    expect(() => connectionFromJson("a", { conn_type: "x", password: "***" })).toThrow("masked");
  });

  it("is written as a URI that reads back the same", () => {
    const parts = {
      connection_id: "a",
      conn_type: "mysql",
      host: "h",
      port: 1,
      login: "u:x",
      password: "p/w",
      schema: "s",
      extra: '{"a":"b c","n":1}',
      description: null,
    };
    const uri = connectionUri(parts);
    expect(uri).toBe("mysql://u%3Ax:p%2Fw@h:1/s?a=b+c&n=1");
    expect(connectionFromJson("a", uri)).toMatchObject({
      login: "u:x",
      password: "p/w",
      schema: "s",
      extra: '{"a":"b c","n":"1"}',
    });
  });
});
