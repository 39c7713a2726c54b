import { expect, test } from "vitest";
import type { Change, History, Row } from "../history.ts";
import { logsAreThere } from "./calls.ts";
import { checks } from "./checks.ts";
import { createStory, instance, timeText, versions } from "./story.ts";

const run = (columns: Row = {}): Row => ({
  key: 1,
  dag_id: "d",
  run_id: "r",
  run_type: "manual",
  number: 1,
  state: "queued",
  unfinished: 2,
  logical_date: null,
  ...columns,
});

/** The life of one task, from scheduled to its success in the transaction that `also` completes. */
function lifeOf(story: ReturnType<typeof createStory>, id: string, also: Parameters<typeof story.commit>[1][]): void {
  const scheduled = instance(id, { state: "scheduled" });
  const queued = instance(id, { state: "queued", attempt: 1 });
  const token = `token of ${id}`;
  const key = { id: `id of ${id}`, attempt: 1, token };
  const running = instance(id, { state: "running", attempt: 1, token_hash: token, lease_until: timeText(2_000) });
  const longer = { ...running, lease_until: timeText(3_000) };
  const done = instance(id, { state: "success", attempt: 1 });
  const attempt = { task_instance_id: `id of ${id}`, attempt: 1, outcome: null, ended_at: null };
  story.commit("scheduler", { table: "task_instance", before: scheduled, after: queued });
  story.commit(
    "api",
    { table: "task_instance", before: queued, after: running },
    { table: "attempt", before: null, after: attempt },
  );
  story.call("claim", { tokens: [token] }, [key]);
  story.commit("api", { table: "task_instance", before: running, after: longer });
  story.call("heartbeat", { keys: [{ taskInstanceId: key.id, attempt: 1, tokenHash: token }] }, [{ verdict: "run" }]);
  const ended = { ...attempt, outcome: "succeeded", ended_at: timeText(0) };
  story.commit(
    "api",
    { table: "task_instance", before: longer, after: done },
    { table: "attempt", before: attempt, after: ended },
    ...also,
  );
  story.call("finish", { ...key, outcome: "succeeded", tokens: [] }, { result: "recorded", claimed: [] });
}

/** A run of two tasks, one after the other, as it should be. */
function goodHistory(): History {
  const story = createStory();
  story.commit(
    "setup",
    ...versions("pool", { name: "p", slots: 1 }),
    ...versions("executor", { name: "e", parallelism: 1 }),
  );
  const [b, a] = [instance("b"), instance("a")];
  const queuedRun = run();
  const runningRun = run({ state: "running" });
  const [one, none] = [run({ state: "running", unfinished: 1 }), run({ state: "success", unfinished: 0 })];
  story.commit("api", ...[a, b].flatMap((row) => versions("task_instance", row)), ...versions("dag_run", queuedRun));
  story.call("createRun", { dagId: "d", runId: "r" }, { runKey: 1 });
  story.commit(
    "scheduler",
    { table: "dag_run", before: queuedRun, after: runningRun },
    { table: "task_instance", before: a, after: instance("a", { state: "scheduled" }) },
  );
  lifeOf(story, "a", [
    { table: "task_instance", before: b, after: instance("b", { state: "scheduled" }) },
    { table: "dag_run", before: runningRun, after: one },
  ]);
  lifeOf(story, "b", [{ table: "dag_run", before: one, after: none }]);
  const cursor = (day: number) => ({ dag_id: "t", next_run_after: timeText(day * 86_400_000), last_run_after: null });
  story.commit("scheduler", ...versions("dag", cursor(0), cursor(1), cursor(2)));
  for (const day of [0, 1, 2]) {
    const of = { key: 10 + day, dag_id: "daily", run_id: `s${day}`, run_type: "scheduled", number: day + 1 };
    const row = run({ ...of, unfinished: 0, logical_date: timeText(day * 86_400_000) });
    story.commit("scheduler", ...versions("dag_run", row));
  }
  return story.told();
}

test("a history in which all is well gives no anomaly", () => {
  for (const [name, check] of Object.entries(checks)) expect([name, check(goodHistory())]).toEqual([name, []]);
});

const isStep = (id: string, from: string, to: string) => (change: Change) =>
  change.table === "task_instance" &&
  change.after?.task_id === id &&
  change.before?.state === from &&
  change.after?.state === to;

/** The history with one change written otherwise. */
const rewritten = (history: History, which: (change: Change) => boolean, how: Partial<Change>): History => ({
  ...history,
  changes: history.changes.map((change) => (which(change) ? { ...change, ...how } : change)),
});

/** The same, of one of the rows of that change. */
function withRow(
  history: History,
  which: (change: Change) => boolean,
  given: { before?: Row; after?: Row; actor?: string },
): History {
  const found = history.changes.find(which);
  if (!found) throw new Error("no such change");
  return rewritten(history, (change) => change === found, {
    ...(given.actor !== undefined && { actor: given.actor }),
    before: given.before ? { ...found.before, ...given.before } : found.before,
    after: given.after ? { ...found.after, ...given.after } : found.after,
  });
}

const without = (history: History, which: (change: Change) => boolean): History => ({
  ...history,
  changes: history.changes.filter((change) => !which(change)),
});

const withCall = (history: History, call: readonly [verb: string, args: Row, answer: unknown]): History => {
  const [verb, args, answer] = call;
  return {
    ...history,
    calls: [...history.calls, { ...(history.calls.at(-1) as History["calls"][number]), verb, args, answer }],
  };
};

const claimed = isStep("a", "queued", "running");
const extended = isStep("a", "running", "running");
const ended = isStep("a", "running", "success");
const limitRow = (table: string) => (change: Change) => change.table === table;

/** What is done to the good history, and the check that must notice. */
const bad: readonly (readonly [string, string, (history: History) => History])[] = [
  [
    "illegal move",
    "a task that runs without having been queued",
    (h) => withRow(h, claimed, { before: { state: "scheduled" } }),
  ],
  ["gap between versions", "a change that nobody wrote down", (h) => without(h, isStep("b", "queued", "running"))],
  [
    "attempt number",
    "a queued task whose attempt did not grow",
    (h) => withRow(h, isStep("a", "scheduled", "queued"), { after: { attempt: 0 } }),
  ],
  ["attempt number", "an attempt that falls", (h) => withRow(h, ended, { after: { attempt: 0 } })],
  [
    "lease shrank",
    "a heartbeat that takes time away",
    (h) => withRow(h, extended, { after: { lease_until: timeText(1_999) } }),
  ],
  [
    "lease too short",
    "a lease that began before it was asked for",
    (h) => withRow(h, claimed, { after: { lease_until: timeText(1_000) } }),
  ],
  [
    "lease taken early",
    "a scheduler that ends a lease before its time",
    (h) => withRow(h, ended, { actor: "scheduler-1" }),
  ],
  ["lease gone by a user's word", "a mark that drops a lease", (h) => withRow(h, ended, { after: { code: "marked" } })],
  [
    "attempts overlap",
    "a claim beside a living lease",
    (h) => withRow(h, claimed, { before: { lease_until: timeText(5) } }),
  ],
  [
    "token of two attempts",
    "one token for two running tasks",
    (h) => without(withRow(h, isStep("b", "queued", "running"), { after: { token_hash: "token of a" } }), ended),
  ],
  [
    "outcome changed",
    "a second outcome",
    (h) =>
      rewritten(h, (c) => c.table === "attempt" && c.after?.task_instance_id === "id of a" && c.before !== null, {
        before: { outcome: "failed", ended_at: timeText(1) },
      }),
  ],
  [
    "outcome changed",
    "an attempt handed out twice",
    (h) => ({ ...h, changes: [...h.changes, ...h.changes.filter((c) => c.table === "attempt" && c.before === null)] }),
  ],
  [
    "success without its move",
    "a success that is not on record",
    (h) => without(h, (c) => c.table === "attempt" && c.before !== null),
  ],
  ["success without its move", "a record without the move", (h) => without(h, ended)],
  ["claim that is not", "an answer with an attempt that nobody claimed", (h) => without(h, claimed)],
  [
    "claim that is not",
    "one attempt for two tokens",
    (h) => withCall(h, ["claim", { tokens: ["x"] }, [{ id: "id of a", attempt: 1, token: "x" }]]),
  ],
  ["finish that is not", "a finish that is nowhere", (h) => without(h, ended)],
  [
    "finish that is not",
    "a finish that was recorded twice",
    (h) =>
      withCall(h, [
        "finish",
        { id: "id of a", attempt: 1, token: "token of a", outcome: "succeeded", tokens: [] },
        { result: "recorded", claimed: [] },
      ]),
  ],
  [
    "finish that is not",
    "a repeat of what is not on record",
    (h) =>
      withCall(h, [
        "finish",
        { id: "id of a", attempt: 1, token: "token of a", outcome: "failed", tokens: [] },
        { result: "repeated", claimed: [] },
      ]),
  ],
  [
    "heartbeat of another",
    "a stranger that is told to go on",
    (h) =>
      withCall(h, [
        "heartbeat",
        { keys: [{ taskInstanceId: "id of a", attempt: 1, tokenHash: "x" }] },
        [{ verdict: "run" }],
      ]),
  ],
  [
    "user's move lost",
    "a clear that is nowhere",
    (h) => withCall(h, ["clear", {}, [{ id: "id of a", state: "none", attempt: 1 }]]),
  ],
  [
    "run lost or doubled",
    "a run that was made and is not there",
    (h) => withCall(h, ["createRun", { dagId: "d", runId: "other" }, { runKey: 2 }]),
  ],
  [
    "run lost or doubled",
    "a refusal for a run that is not there",
    (h) => withCall(h, ["createRun", { dagId: "d", runId: "other" }, { runKey: null }]),
  ],
  [
    "run lost or doubled",
    "a run that two made",
    (h) => withCall(h, ["createRun", { dagId: "d", runId: "r" }, { runKey: 1 }]),
  ],
  ["limit passed", "a pool that is too small", (h) => withRow(h, limitRow("pool"), { after: { slots: 0 } })],
  [
    "limit passed",
    "an executor that is full",
    (h) => ({
      ...withRow(h, limitRow("executor"), { after: { parallelism: 1 } }),
      changes: without(h, isStep("a", "running", "success")).changes,
    }),
  ],
  ["trigger rule broken", "a start before the task upstream is done", (h) => without(h, ended)],
  [
    "illegal move of a run",
    "a run that goes from success to running",
    (h) => withRow(h, (c) => c.table === "dag_run" && c.after?.state === "running", { before: { state: "success" } }),
  ],
  [
    "run ended or counted wrongly",
    "a run that ends with work left",
    (h) => without(h, isStep("b", "running", "success")),
  ],
  [
    "run ended or counted wrongly",
    "a run that counts wrongly",
    (h) => withRow(h, (c) => c.table === "dag_run" && c.after?.unfinished === 1, { after: { unfinished: 2 } }),
  ],
  [
    "numbers of runs",
    "a number that is left out",
    (h) => withRow(h, (c) => c.after?.run_id === "s1", { after: { number: 3 } }),
  ],
  [
    "cursor went back",
    "a cursor that goes back",
    (h) =>
      withRow(h, (c) => c.table === "dag" && c.before !== null, {
        before: { next_run_after: timeText(9 * 86_400_000) },
      }),
  ],
  ["scheduled run missing or doubled", "a tick without a run", (h) => without(h, (c) => c.after?.run_id === "s1")],
];

test.each(bad)("%s: %s", (name, _, spoil) => {
  const check = checks[name];
  expect(check?.(spoil(goodHistory()))).not.toEqual([]);
});

test("every check has a history that it must object to", () => {
  expect(Object.keys(checks).filter((name) => !bad.some(([of]) => of === name))).toEqual([]);
});

test("a log that lacks a record, or has one twice, is noticed", () => {
  const story = createStory();
  story.call("log", { id: "x", attempt: 1, seqs: [1, 2] }, 10);
  const logs = (seqs: readonly number[]) => logsAreThere(story.told(), new Map([["x 1", seqs]]));
  expect(logs([1, 2])).toEqual([]);
  expect(logs([1])).toEqual(["the log of x 1 lacks 2"]);
  expect(logs([1, 2, 2])).toEqual(["the log of x 1 has 1, 2, 2"]);
});
