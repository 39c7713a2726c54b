import { expect, test } from "vitest";
import { BrokenMessage, checkMessage } from "./check-message.ts";

const report = { kind: "error", name: "Error", message: "no", stack: null, location: null };
const xcom = { key: "return_value", length: null, value: { kind: "value", bytes: new Uint8Array([1]) } };

test.each([
  { kind: "ready", protocol: 1 },
  { kind: "bound" },
  { kind: "bind_failed", failure: report },
  { kind: "log", record: { ts: 1, level: "info", source: "task", msg: "hello", fields: { a: 1 }, group: "g" } },
  { kind: "outcome", outcome: { kind: "succeeded", decision: "yes" }, xcoms: [xcom] },
  { kind: "outcome", outcome: { kind: "failed", error: report, retry: true }, xcoms: [] },
  { kind: "request", id: 1, call: "getVariable", args: ["x"] },
  { kind: "idle", dirty: ["x"], spawned: false, rssBytes: 1 },
])("a child's own message is taken: $kind", (message) => {
  expect(checkMessage(message)).toBe(message);
});

test.each([
  [null],
  ["outcome"],
  [[]],
  [{}],
  [{ kind: "__proto__" }],
  [{ kind: "promote" }],
  [{ kind: "idle", dirty: "x", spawned: 1, rssBytes: 1 }],
  [{ kind: "idle", dirty: [7], spawned: false, rssBytes: 1 }],
  [{ kind: "log", record: null }],
  [{ kind: "log", record: { ts: 1, level: "info", source: "task", msg: 7 } }],
  [{ kind: "log", record: { ts: 1, level: "loud", source: "task", msg: "x" } }],
  [{ kind: "outcome" }],
  [{ kind: "outcome", outcome: { kind: "lost", reason: "forged" }, xcoms: [] }],
  [{ kind: "outcome", outcome: { kind: "failed", error: { message: "x" }, retry: true }, xcoms: [] }],
  [{ kind: "outcome", outcome: { kind: "succeeded" }, xcoms: [{ ...xcom, value: "x" }] }],
  [{ kind: "outcome", outcome: { kind: "succeeded" }, xcoms: [{ ...xcom, key: 7 }] }],
  [{ kind: "request", id: 1, call: "dropTables", args: [] }],
  [{ kind: "request", id: 1, call: "getVariable", args: "x" }],
])("what is none of ours breaks nothing but its child: %j", (message) => {
  expect(() => checkMessage(message)).toThrow(BrokenMessage);
});
