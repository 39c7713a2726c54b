import { describe, expect, it } from "vitest";
import { later, noon } from "../../test/view-builder.ts";
import { taskInstanceStates } from "../states/task-instance-state.ts";
import { explain } from "./explain.ts";
import { heldWords, settleWords, waitWords } from "./explain-words.ts";
import type { HeldCode, SettleCode, WaitCode } from "./verdict.ts";

const upstreams = [
  { taskId: "extract", state: "running" },
  { taskId: "load", state: "queued" },
  { taskId: "check", state: "success" },
] as const;

describe("explain", () => {
  it("names the upstream tasks that are waited for", () => {
    const verdict = { kind: "wait", code: "upstream_unfinished", detail: "1 of 3 upstream tasks finished" } as const;
    expect(explain({ kind: "verdict", verdict }, { upstreams, triggerRule: "all_done" })).toEqual({
      code: "upstream_unfinished",
      title: "Waiting for 2 of 3 upstream tasks: extract (running), load (queued)",
      detail: "1 of 3 upstream tasks finished. Its trigger rule is all_done.",
      next: "It is decided anew as soon as one of them finishes.",
    });
  });

  it("names ten of many", () => {
    const verdict = { kind: "wait", code: "upstream_unfinished" } as const;
    const wide = Array.from({ length: 1_000 }, (_, i) => ({ taskId: `t${i}`, state: "none" as const }));
    const { title } = explain({ kind: "verdict", verdict }, { upstreams: wide });
    expect(title).toMatch(/^Waiting for 1000 of 1000 .*t9 \(not started\) and 990 more$/);
  });

  it("says when a retry is due, which try it was and why it failed", () => {
    const verdict = { kind: "wait", code: "retry_delay", until: later(30) } as const;
    const words = explain({ kind: "verdict", verdict }, { tryNumber: 1, maxTries: 2, error: "HTTP 503" });
    expect(words.title).toBe("Waiting to try again at 2026-03-01T12:00:30.000Z");
    expect(words.detail).toBe("Try 1 of 3. HTTP 503");
  });

  it("gives the figures of a pool that is full", () => {
    const pool = { name: "warehouse", slots: 4, used: 4, wanted: 1 };
    const words = explain({ kind: "held", code: "pool_full" }, { pool });
    expect(words).toMatchObject({ title: "Waiting for a slot of pool warehouse", detail: "4 of 4 slots are taken." });
    expect(explain({ kind: "held", code: "pool_too_small" }, { pool: { ...pool, wanted: 5 } }).detail).toContain(
      "5 slots",
    );
  });

  it("explains a settled instance by why it was settled, not by its state", () => {
    const words = explain({ kind: "state", state: "skipped", code: "map_source_empty" });
    expect(words).toMatchObject({ code: "map_source_empty", title: "Skipped: nothing to map over" });
    expect(explain({ kind: "state", state: "skipped", code: "toString" }).title).toBe("Skipped");
  });

  it("names the upstreams that stood against a rule", () => {
    const verdict = { kind: "settle", state: "upstream_failed", code: "trigger_rule", detail: "x" } as const;
    const words = explain(
      { kind: "verdict", verdict },
      { upstreams: [...upstreams, { taskId: "fetch", state: "failed" }] },
    );
    expect(words.detail).toBe("Upstream: fetch (failed).");
  });

  it("has a title and a next step for every code and state, with facts or without", () => {
    const facts = {
      upstreams,
      nextDueAt: noon,
      tryNumber: 1,
      maxTries: 0,
      dagId: "orders",
      limit: { most: 2, used: 2 },
    };
    const subjects = [
      ...(Object.keys(waitWords) as WaitCode[]).map(
        (code) => ({ kind: "verdict", verdict: { kind: "wait", code } }) as const,
      ),
      ...(Object.keys(settleWords) as SettleCode[]).map(
        (code) => ({ kind: "verdict", verdict: { kind: "settle", state: "failed", code } }) as const,
      ),
      ...(Object.keys(heldWords) as HeldCode[]).map((code) => ({ kind: "held", code }) as const),
      ...taskInstanceStates.map((state) => ({ kind: "state", state }) as const),
    ];
    for (const subject of subjects) {
      for (const words of [explain(subject), explain(subject, facts)]) {
        for (const text of [words.title, words.next]) expect(text).toMatch(/^[A-Z].*[^ ]$/);
        expect(JSON.stringify(words)).not.toMatch(/undefined|null|NaN| {2}| \./);
      }
    }
  });
});
