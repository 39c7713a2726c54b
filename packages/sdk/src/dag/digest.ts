import { createHash } from "node:crypto";
import type { TaskSpec } from "@airloom/core";

/** SHA-256 (hex) of a task's Spec, whatever the order of its keys. */
export const digestOf = (task: Omit<TaskSpec, "digest">): string =>
  createHash("sha256").update(JSON.stringify(task, sortKeys)).digest("hex");

const sortKeys = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
