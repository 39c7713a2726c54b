import { describe, expect, it } from "vitest";
import { decidePast } from "./past.ts";
import { decideRunOutcome } from "./run-outcome.ts";

describe("decideRunOutcome", () => {
  it.each([
    [1, { failed: 1 }, "running"],
    [0, { success: 2, skipped: 1 }, "success"],
    [0, { skipped: 3 }, "success"],
    [0, { success: 2, failed: 1 }, "failed"],
    [0, { success: 2, upstream_failed: 1 }, "failed"],
    [0, { success: 1, removed: 4 }, "success"],
    [0, { removed: 1 }, "success"],
    [0, {}, "success"],
  ] as const)("with %i unfinished and leaves %j the run is %s", (unfinished, leafStates, state) => {
    const outcome = decideRunOutcome({ unfinished, leafStates });
    expect(outcome === "running" ? outcome : outcome.state).toBe(state);
  });
});

describe("decidePast", () => {
  const onPast = { dependsOnPast: true, waitForDownstream: false };
  const onBoth = { dependsOnPast: true, waitForDownstream: true };
  it.each([
    ["no earlier run", onPast, null, "met"],
    ["success", onPast, { own: ["success"], downstream: ["failed"] }, "met"],
    ["skipped and removed", onPast, { own: ["skipped", "removed"], downstream: [] }, "met"],
    ["failed", onPast, { own: ["success", "failed"], downstream: [] }, "unmet"],
    ["running", onPast, { own: ["running"], downstream: [] }, "unmet"],
    ["a downstream that failed", onBoth, { own: ["success"], downstream: ["success", "failed"] }, "unmet"],
    ["a downstream that was skipped", onBoth, { own: ["success"], downstream: ["skipped"] }, "met"],
    [
      "waitForDownstream alone",
      { dependsOnPast: false, waitForDownstream: true },
      { own: ["failed"], downstream: [] },
      "unmet",
    ],
    [
      "a task that does not ask",
      { dependsOnPast: false, waitForDownstream: false },
      { own: ["failed"], downstream: [] },
      "met",
    ],
  ] as const)("%s", (...[, task, previous, answer]) => {
    expect(decidePast(task, previous)).toBe(answer);
  });
});
