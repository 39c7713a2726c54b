import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cloneDatabase, type DatabaseClone } from "@airloom/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OwnAirloom, ownAirloom } from "./own-airloom.ts";

let database: DatabaseClone;
let airloom: OwnAirloom;

beforeAll(async () => {
  database = await cloneDatabase();
  airloom = await ownAirloom("shop", {
    AIRLOOM__DATABASE__URL: database.url,
    AIRLOOM_PASSWORD: "open sesame",
    DB_PASSWORD: "s3cret",
  });
});
afterAll(async () => {
  await airloom.close();
  await database.drop();
});

const done = { code: 0, err: "" };

describe("Without a server, commands bring the API along", () => {
  it("makes, changes, exports, imports and deletes pools", async () => {
    expect(await airloom.run(["pools", "set", "warehouse", "4", "loads"])).toEqual({
      ...done,
      out: 'Pool "warehouse" created: 4 slots.\n',
    });
    expect(await airloom.run(["pools", "set", "warehouse", "5", "loads"])).toEqual({
      ...done,
      out: 'Pool "warehouse" updated: 5 slots.\n',
    });
    expect((await airloom.run(["pools", "list", "-o", "plain"])).out).toBe(
      "default_pool\t128\t0\t0\t128\tno\tDefault pool\nwarehouse\t5\t0\t0\t5\tno\tloads\n",
    );
    const file = join(airloom.project, "pools.json");
    await airloom.run(["pools", "export", file]);
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({
      warehouse: { slots: 5, description: "loads", include_deferred: false },
    });
    expect(await airloom.run(["pools", "delete", "warehouse"])).toEqual({
      ...done,
      out: 'Pool "warehouse" deleted.\n',
    });
    expect((await airloom.run(["pools", "import", file])).out).toBe("2 pools imported.\n");
    expect(await airloom.json(["pools", "get", "warehouse"])).toMatchObject({ name: "warehouse", slots: 5 });
  });

  it("keeps variables, whose values may come by standard input", async () => {
    expect(await airloom.run(["variables", "set", "region", "--description", "where"], "north\n")).toEqual({
      ...done,
      out: 'Variable "region" created.\n',
    });
    expect(await airloom.run(["variables", "get", "region"])).toEqual({ ...done, out: "north\n" });
    expect(await airloom.run(["variables", "get", "nothing", "--default", "none"])).toEqual({ ...done, out: "none\n" });
    await airloom.run(["variables", "set", "limits", '{"rows":10}']);
    expect(await airloom.json(["variables", "get", "limits"])).toEqual({ rows: 10 });
    expect((await airloom.run(["variables", "list"])).out).toBe("KEY     DESCRIPTION\nlimits  -\nregion  where\n");
    const file = join(airloom.project, "variables.json");
    await writeFile(file, JSON.stringify({ region: "south", mode: { value: "fast", description: "how" } }));
    expect((await airloom.run(["variables", "import", file, "-a", "skip"])).out).toBe(
      "1 variables imported, 1 skipped.\n",
    );
    expect((await airloom.run(["variables", "import", file, "-a", "fail"])).code).toBe(1);
    expect((await airloom.run(["variables", "get", "region"])).out).toBe("north\n");
    expect((await airloom.run(["variables", "import", file])).out).toBe("2 variables imported.\n");
    expect((await airloom.run(["variables", "get", "region"])).out).toBe("south\n");
  });

  it("adds connections from a URI, JSON and parts, and never shows a password", async () => {
    await airloom.run([
      "connections",
      "add",
      "shop",
      "--conn-uri",
      "postgres://clerk:s3cret@db.example:5433/shop?sslmode=require",
    ]);
    await airloom.run([
      "connections",
      "add",
      "web",
      "--conn-type",
      "http",
      "--conn-host",
      "api.example",
      "--conn-password-env",
      "DB_PASSWORD",
    ]);
    await airloom.run(
      ["connections", "add", "lake", "--conn-json", "-"],
      '{"conn_type":"aws","extra":{"region":"eu-1"}}',
    );
    const all = await airloom.json<readonly Record<string, unknown>[]>(["connections", "list"]);
    expect(all).toMatchObject([
      { connection_id: "lake", conn_type: "aws", extra: '{"region":"eu-1"}', password: null },
      { connection_id: "shop", host: "db.example", port: 5433, login: "clerk", schema: "shop", password: "***" },
      { connection_id: "web", conn_type: "http", host: "api.example", password: "***" },
    ]);
    const exported = await airloom.run(["connections", "export", "-", "--file-format", "yaml"]);
    expect(exported.out).toContain("shop:\n  conn_type: postgres\n");
    expect(exported.out).not.toContain("s3cret");
    const again = await airloom.run(["connections", "add", "web", "--conn-type", "http"]);
    expect(again.code).toBe(1);
    expect(again.err).toContain("web");
    expect((await airloom.run(["connections", "delete", "web"])).out).toBe('Connection "web" deleted.\n');
  });

  it("refuses to import masked secrets", async () => {
    const file = join(airloom.project, "connections.json");
    await writeFile(file, JSON.stringify({ other: { conn_type: "http", password: "***" } }));
    expect(await airloom.run(["connections", "import", file])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Connection "other" is masked in the file ("***")'),
    });
  });

  it("says that nothing is alive", async () => {
    const { code, out } = await airloom.run(["jobs", "check", "-o", "plain"]);
    expect({ code, out }).toEqual({ code: 1, out: "scheduler\tunhealthy\t-\ndag-processor\tunhealthy\t-\n" });
  });

  it("creates users and resets their passwords", async () => {
    expect((await airloom.run(["users", "create", "-u", "eve", "-r", "viewer"])).out).toBe(
      'User "eve" created with the role viewer.\n',
    );
    expect(await airloom.run(["users", "create", "-u", "eve", "-r", "admin"])).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is a user "eve" already.'),
    });
    expect((await airloom.run(["users", "reset-password", "-u", "eve", "--password-stdin"], "another")).out).toBe(
      'User "eve" has a new password.\n',
    );
    expect((await airloom.run(["users", "reset-password", "-u", "adam"])).code).toBe(1);
    await airloom.run(["users", "create", "-u", "bob", "-r", "op"]);
    expect((await airloom.run(["users", "list", "-o", "plain"])).out).toBe("bob\top\neve\tviewer\n");
    expect(await airloom.json(["users", "list"])).toEqual([
      { username: "bob", role: "op" },
      { username: "eve", role: "viewer" },
    ]);
  });

  it("finds the schema up to date", async () => {
    expect(await airloom.run(["db", "migrate"])).toEqual({
      ...done,
      out: "Nothing to do: the schema is up to date.\n",
    });
    expect((await airloom.run(["db", "check"])).code).toBe(0);
  });

  it("checks the installation, and fails when the database cannot be reached", async () => {
    const findings = await airloom.json<readonly { check: string; status: string }[]>(["doctor"]);
    const status = Object.fromEntries(findings.map((finding) => [finding.check, finding.status]));
    expect(status).toMatchObject({
      node: "ok",
      home: "ok",
      database: "ok",
      clock: "ok",
      scheduler: "warn",
      workers: "warn",
      "stuck runs": "ok",
    });
    const elsewhere = await ownAirloom("shop", { AIRLOOM__DATABASE__URL: "postgres://127.0.0.1:1/none" });
    const { code, out } = await elsewhere.run(["doctor"]);
    await elsewhere.close();
    expect(code).toBe(1);
    expect(out).toMatch(/✗ database +The database cannot be reached/);
  });

  it("prints no secret among the options, and where each value comes from", async () => {
    const lines = await airloom.json<readonly { section: string; key: string; value: unknown; source: string }[]>([
      "config",
      "list",
    ]);
    expect(lines.find(({ key }) => key === "url")).toMatchObject({
      section: "database",
      value: "***",
      source: "environment",
    });
    expect(lines.find(({ key }) => key === "parallelism")).toMatchObject({ value: 32, source: "default" });
  });
});
