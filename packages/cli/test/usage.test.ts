import { existsSync } from "node:fs";
import { join } from "node:path";
import { cloneDatabase, type DatabaseClone } from "@airloom/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OwnAirloom, ownAirloom } from "./own-airloom.ts";

let database: DatabaseClone;
let airloom: OwnAirloom;

beforeAll(async () => {
  database = await cloneDatabase();
  airloom = await ownAirloom("shop", { AIRLOOM__DATABASE__URL: database.url });
});
afterAll(async () => {
  await airloom.close();
  await database.drop();
});

const help = "       Run the command with --help to see its arguments.\n";

/** Command, exit code, everything on standard error. */
const wrong: readonly (readonly [string, number, string])[] = [
  ["dags pause [ --treat-dag-id-as-regex", 2, "error: It is not a regular expression.\n"],
  [
    "pools export nowhere/pools.json",
    1,
    "error: The system refused what the command needs: ENOENT: no such file or directory, open 'nowhere/pools.json'.\n       Check that the file or address is there and may be used, and that the disk has room.\n",
  ],
  ["frobnicate", 2, `error: unknown command 'frobnicate'\n${help}`],
  ["dag list", 2, `error: unknown command 'dag'\n(Did you mean dags?)\n${help}`],
  ["dags lst", 2, `error: unknown command 'lst'\n(Did you mean list?)\n${help}`],
  ["dags list --jsn", 2, `error: unknown option '--jsn'\n(Did you mean --json?)\n${help}`],
  ["dags trigger", 2, `error: missing required argument 'dag'\n${help}`],
  [
    "dags trigger orders -c {rows:1}",
    2,
    `error: option '-c, --conf <json>' argument '{rows:1}' is invalid. It is not JSON: Expected property name or '}' in JSON at position 1\n${help}`,
  ],
  [
    "dags trigger orders -c [1]",
    2,
    `error: option '-c, --conf <json>' argument '[1]' is invalid. It must be a JSON object, such as '{"rows": 10}'.\n${help}`,
  ],
  ["dags trigger orders -c @missing.json", 2, `error: File missing.json cannot be read: it does not exist.\n${help}`],
  [
    "dags trigger orders -l yesterday",
    2,
    `error: option '-l, --logical-date <date>' argument 'yesterday' is invalid. A date is needed, such as 2026-01-31 or 2026-01-31T06:00:00Z.\n${help}`,
  ],
  [
    "dags trigger orders --wait --timeout soon",
    2,
    `error: option '--timeout <duration>' argument 'soon' is invalid. Write a length of time such as 30s, 10m or 1h30m; a number alone is seconds.\n${help}`,
  ],
  [
    "dags list -o xml",
    2,
    `error: option '-o, --output <format>' argument 'xml' is invalid. Allowed choices are table, json, yaml, plain.\n${help}`,
  ],
  [
    "pools set small few",
    2,
    `error: command-argument value 'few' is invalid for argument 'slots'. A whole number is needed.\n${help}`,
  ],
  [
    "pools set small -2",
    2,
    `error: command-argument value '-2' is invalid for argument 'slots'. At least -1 is needed.\n${help}`,
  ],
  ["tasks clear orders", 2, `error: required option '-r, --run <run>' not specified\n${help}`],
  ["connections add db", 2, `error: Give one of --conn-uri, --conn-json and --conn-type.\n${help}`],
  [
    "connections add db --conn-type postgres --conn-password-env NOT_SET",
    2,
    `error: The environment variable NOT_SET is not set.\n${help}`,
  ],
  ["pools delete default_pol", 1, `error: There is no pool "default_pol".\n       Did you mean "default_pool"?\n`],
  ["dags details orders", 1, `error: There is no Dag "orders".\n       There is no Dag at all yet.\n`],
  [
    "config get-value core dagfolder",
    1,
    `error: There is no option "core.dagfolder".\n       Did you mean "core.dagsFolder"?\n`,
  ],
  ["variables get nothing", 1, `error: There is no variable "nothing".\n       There is no variable at all yet.\n`],
  ["pools import missing.json", 2, `error: File missing.json cannot be read: it does not exist.\n${help}`],
  [
    "users create -u eve -r root",
    2,
    `error: option '-r, --role <role>' argument 'root' is invalid. Allowed choices are viewer, user, op, admin.\n${help}`,
  ],
  [
    "users create -u eve -r op",
    2,
    `error: No password was given: pipe it in with --password-stdin, or set AIRLOOM_PASSWORD.\n${help}`,
  ],
];

describe("A wrong usage says what is wrong and what to do", () => {
  it.each(wrong)("airloom %s", async (line, code, err) => {
    expect(await airloom.run(line.split(" "))).toEqual({ code, out: "", err });
  });
});

describe("A server that cannot be used", () => {
  it("is named, and no home is made for it", async () => {
    const elsewhere = await ownAirloom("shop", { AIRLOOM_TOKEN: "any" });
    const ended = await elsewhere.run(["dags", "list", "--server", "http://127.0.0.1:1"]);
    const made = existsSync(join(elsewhere.project, "../home"));
    await elsewhere.close();
    expect({ ...ended, made }).toEqual({
      code: 1,
      out: "",
      err: "error: No Airloom server answers at http://127.0.0.1:1.\n       Check the address, or start one: `airloom standalone` or `airloom api-server`.\n",
      made: false,
    });
  });

  it("is said to need a login", async () => {
    const ended = await airloom.run(["dags", "list", "--server", "http://127.0.0.1:1"]);
    expect(ended).toEqual({
      code: 1,
      out: "",
      err: "error: No login is known for http://127.0.0.1:1.\n       Set AIRLOOM_TOKEN, or AIRLOOM_USERNAME and AIRLOOM_PASSWORD.\n",
    });
  });
});
