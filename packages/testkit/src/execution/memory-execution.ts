import { createMemoryStore, type Store } from "@airloom/store";
import type { ExecutionContract } from "@airloom/wire";
import { executionOver } from "./execution-over.ts";

/** The control half of the execution contract over the in-memory store: all of it but the database. */
export function memoryExecution(): { readonly execution: ExecutionContract; readonly store: Store } {
  const store = createMemoryStore({ clock: { now: () => new Date() } });
  return { execution: executionOver(store).execution, store };
}
