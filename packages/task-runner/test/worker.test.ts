import { decodeValue, encodeValue, packMessage } from "@airloom/wire";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asInput, TestWorker } from "./test-worker.ts";

const source = `
import { context, dag, fail, skip, task } from "airloom";

const load = task("load", async (rows: unknown) => rows);
const make = task("make", () => ({ at: new Date(0), ids: new Set([1n]), bytes: new Uint8Array([1, 2]) }));
const nothing = task("nothing", () => undefined);
const talk = task("talk", async () => {
  console.log("hello %s", "world", { a: 1 });
  console.warn("careful");
  console.group("phase one");
  console.error(new Error("shown"));
  console.groupEnd();
  process.stdout.write("raw line\\nand the rest");
  process.stderr.write("to stderr\\n");
  context().log.info("structured", { rows: 3 });
});
class TeapotError extends Error { name = "TeapotError"; }
function deep(): never {
  throw new TeapotError("no coffee", { cause: new TypeError("a cause") });
}
const broken = task("broken", () => deep());
const text = task("text", () => { throw "just text"; });
const hostile = task("hostile", () => {
  const error = new Error("x");
  Object.defineProperty(error, "message", { get() { throw new Error("gotcha"); } });
  throw error;
});
const huge = task("huge", () => { throw new Error("m".repeat(5_000_000)); });
const skipped = task("skipped", () => skip("no rows"));
const failed = task("failed", () => fail("forbidden"));
const cyclic = task("cyclic", () => { const value: any = { inner: {} }; value.inner.back = value; return value; });
const asks = task("asks", async () => {
  const { getVariable, getConnection, pullXCom, pushXCom } = context();
  await pushXCom("note", new Date(5));
  const connection = await getConnection("db");
  console.log("variable", await getVariable("api_key"), "password", connection.password, connection.extra);
  console.log(Buffer.from("user:" + connection.password).toString("base64"));
  console.log(encodeURIComponent(connection.password), JSON.stringify({ p: connection.password }));
  return pullXCom({ taskId: "load" });
});

export default dag("orders", {}, () => {
  load(make()); nothing(); talk(); broken(); text(); hostile(); huge(); skipped(); failed(); cyclic(); asks();
});
`;

let worker: TestWorker;
beforeAll(async () => {
  worker = await TestWorker.start();
  await worker.load(source);
});
afterAll(() => worker[Symbol.asyncDispose]());

const linesOf = (id: string) => worker.plane.log(id).map(({ level, source: from, msg }) => `${from} ${level} ${msg}`);

describe("what an attempt is given and gives", () => {
  test("typed values go in and come out", async () => {
    const given = { at: new Date(7), map: new Map([["k", 2n]]), bytes: new Uint8Array([9, 8]) };
    const { outcome, xcoms } = await worker.run("orders/load", (work) => ({
      ...work,
      inputs: { make: asInput(given) },
    }));
    expect(outcome).toEqual({ kind: "succeeded" });
    expect(xcoms).toHaveLength(1);
    const [xcom] = xcoms;
    expect(xcom?.key).toBe("return_value");
    expect(xcom?.value.kind === "value" && decodeValue(xcom.value.bytes)).toEqual(given);
  });

  test("an input too large to travel along is fetched", async () => {
    worker.plane.inputs.set("make", packMessage(asInput("large".repeat(100_000))));
    const ref = { kind: "ref", ref: "make" } as const;
    const { outcome, xcoms } = await worker.run("orders/load", (work) => ({ ...work, inputs: { make: ref } }));
    expect(outcome).toEqual({ kind: "succeeded" });
    expect(xcoms[0]?.value.kind === "value" && decodeValue(xcoms[0].value.bytes)).toBe("large".repeat(100_000));
  });

  test("a task that returns nothing leaves nothing", async () => {
    expect(await worker.run("orders/nothing")).toMatchObject({ outcome: { kind: "succeeded" }, xcoms: [] });
  });

  test("variables, connections and XComs come and go through the supervisor", async () => {
    worker.plane.xcoms.set("load/return_value", encodeValue([1, 2]));
    worker.plane.variables.set("api_key", "variable-value");
    const password = 'p"a/s s+word';
    const rest = { host: "h", port: 1, login: "u", schema: null, type: "postgres" };
    worker.plane.connections.set("db", { id: "db", password, extra: { token: "extra-token" }, ...rest });
    const { outcome, xcoms, taskInstanceId } = await worker.run("orders/asks");
    expect(outcome).toEqual({ kind: "succeeded" });
    expect(xcoms[0]?.value.kind === "value" && decodeValue(xcoms[0].value.bytes)).toEqual([1, 2]);
    expect(decodeValue(worker.plane.xcoms.get(`${taskInstanceId}/note`) as Uint8Array)).toEqual(new Date(5));
    const log = linesOf(taskInstanceId).join("\n");
    expect(log).toContain("variable *** password ***");
    for (const secret of ["variable-value", password, "extra-token", encodeURIComponent(password), 'p\\"a/s s+word'])
      expect(log).not.toContain(secret);
    expect(log).not.toContain(Buffer.from(`user:${password}`).toString("base64").slice(8, 20));
  });
});

describe("what an attempt says", () => {
  test("console, log and output become records, before the outcome is told", async () => {
    const id = worker.queue("orders/talk");
    await worker.plane.finished(id);
    const records = worker.plane.log(id);
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index));
    const lines = linesOf(id);
    expect(lines).toContain("task info hello world { a: 1 }");
    expect(lines).toContain("task warn careful");
    expect(lines).toContain("stdout info raw line");
    expect(lines).toContain("stdout info and the rest");
    expect(lines).toContain("stderr warn to stderr");
    expect(records.find(({ msg }) => msg === "structured")).toMatchObject({ level: "info", fields: { rows: 3 } });
    expect(records.find(({ msg }) => msg.startsWith("Error: shown"))).toMatchObject({ group: "phase one" });
    const order = worker.plane.calls.map(({ call }) => call);
    expect(order.lastIndexOf("appendLogs")).toBeLessThan(order.lastIndexOf("finish"));
  });
});

describe("how an attempt fails", () => {
  const errorOf = async (task: string) => {
    const { outcome, taskInstanceId } = await worker.run(task);
    if (outcome.kind !== "failed") throw new Error(`it ${outcome.kind}`);
    return { ...outcome.error, retry: outcome.retry, taskInstanceId };
  };

  test("a throw is told with the author's own file and line, and its cause", async () => {
    const error = await errorOf("orders/broken");
    const line = source.split("\n").findIndex((text) => text.includes("throw new TeapotError")) + 1;
    expect(error).toMatchObject({ kind: "error", name: "TeapotError", message: "no coffee", retry: true });
    expect(error.location).toBe(`dags/orders.ts:${line}:9`);
    expect(error.stack).toContain(`at deep (dags/orders.ts:${line}:9)`);
    expect(error.stack).toContain("Caused by: TypeError: a cause");
    expect(error.stack).not.toMatch(/node:internal|task-child|main\.mjs/);
    expect(linesOf(error.taskInstanceId).join("\n")).toContain(`dags/orders.ts:${line}:9`);
  });

  test("a throw of something else, and of an error that cannot be looked at, are failures too", async () => {
    expect(await errorOf("orders/text")).toMatchObject({ kind: "error", message: "just text" });
    expect(await errorOf("orders/hostile")).toMatchObject({ kind: "error" });
  });

  test("a giant message is cut", async () => {
    const { message, stack } = await errorOf("orders/huge");
    expect(message.length).toBeLessThan(9_000);
    expect(stack?.length).toBeLessThan(40_000);
    expect(stack).toContain("dags/orders.ts");
  });

  test("skip skips and says why in the log, fail leaves no retry", async () => {
    const id = worker.queue("orders/skipped");
    expect((await worker.plane.finished(id)).outcome).toEqual({ kind: "skipped", reason: "no rows" });
    expect(worker.plane.log(id).map(({ msg }) => msg)).toEqual(["Skipped: no rows"]);
    expect(await errorOf("orders/failed")).toMatchObject({ message: "forbidden", retry: false });
  });

  test("a result that no codec keeps fails the task, by path", async () => {
    expect(await errorOf("orders/cyclic")).toMatchObject({ kind: "unserializable", retry: false });
    expect((await errorOf("orders/cyclic")).message).toContain("inner.back");
  });

  test("code that is not the published one does not run", async () => {
    const { outcome } = await worker.run("orders/nothing", (work) => ({
      ...work,
      task: { ...work.task, digest: "x" },
    }));
    expect(outcome).toMatchObject({ kind: "failed", error: { kind: "load", name: "DigestMismatch" }, retry: false });
  });

  test("a Dag or task that the code lacks, or an artifact that is not there, is a failure to load", async () => {
    const noDag = await worker.run("orders/nothing", (work) => ({ ...work, dagId: "other" }));
    expect(noDag.outcome).toMatchObject({
      error: { kind: "load", message: expect.stringContaining('it has: "orders"') },
    });
    const noTask = await worker.run("orders/nothing", (work) => ({ ...work, task: { ...work.task, id: "other" } }));
    expect(noTask.outcome).toMatchObject({ error: { kind: "load", name: "MissingTask" } });
    const noArtifact = await worker.run("orders/nothing", (work) => ({ ...work, artifactId: "none" }));
    expect(noArtifact.outcome).toMatchObject({ error: { kind: "load" } });
  });

  test("a file that throws while it loads is told with its line", async () => {
    const good = `import { dag, task } from "airloom"; const t = task("t", () => 1);\nexport default dag("late", {}, () => { t(); });`;
    await worker.load(`if (process.env.AIRLOOM_CHILD) {\n  throw new RangeError("not here");\n}\n${good}`, "late.ts");
    const { outcome } = await worker.run("late/t");
    expect(outcome).toMatchObject({
      error: { kind: "load", name: "RangeError", message: "not here", location: "dags/late.ts:2:9" },
    });
  });
});
