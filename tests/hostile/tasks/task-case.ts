/** A task that hurts whoever runs it, and what has to come of it. */
export interface TaskCase {
  readonly name: string;
  readonly row: number;
  /** Its function, as an expression. */
  readonly code: string;
  /** Options of the task, as the inside of an object literal. */
  readonly options?: string;
  readonly expected: TaskExpected;
  readonly isHeavy?: true;
  /** Why it is not run. */
  readonly notRun?: string;
}

export interface TaskExpected {
  readonly state: "success" | "failed" | "skipped";
  /** Of the failure report. */
  readonly kind?: string;
  readonly name?: string;
  readonly message?: RegExp;
  /** Whether the author's line is told. */
  readonly hasPlace?: boolean;
  readonly signal?: string;
  readonly exitCode?: number;
  /** Somewhere in its log. */
  readonly log?: RegExp;
  /** What it returned, as another task gets it. */
  readonly value?: unknown;
}

type More = Partial<Omit<TaskCase, "expected">>;

/** @param told Kind and text of the failure. */
export const fails = (name: string, code: string, told: Omit<TaskExpected, "state">): TaskCase => ({
  name,
  row: 53,
  code,
  expected: { state: "failed", ...told },
});

export const succeeds = (name: string, code: string, told: Omit<TaskExpected, "state"> = {}): TaskCase => ({
  name,
  row: 53,
  code,
  expected: { state: "success", ...told },
});

export const inRow = (row: number, cases: readonly TaskCase[], more: More = {}): readonly TaskCase[] =>
  cases.map((one) => ({ ...one, ...more, row }));

/** Names imported or made at the top of the file that holds all cases, at their disposal. */
export const prelude = `import { exec, execSync, spawn, spawnSync } from "node:child_process";
import { closeSync, writeSync, readSync, rmSync, openSync, fstatSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { context, dag, fail, skip, task } from "airloom";
const never = () => new Promise(() => {});
void [exec, execSync, spawn, spawnSync, closeSync, writeSync, readSync, rmSync, openSync, fstatSync, createServer, wait, Worker, context, fail, skip, never];
`;
