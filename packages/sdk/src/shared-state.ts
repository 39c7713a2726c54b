import { AsyncLocalStorage } from "node:async_hooks";
import type { DagScope } from "./dag/draft.ts";
import type { TaskContext } from "./run/task-context.ts";

/** What the copies of the SDK in one process share. */
interface SharedState {
  /** The Dag whose body is being evaluated; bodies are synchronous, so there is at most one. */
  scope: DagScope | null;
  readonly contexts: AsyncLocalStorage<TaskContext>;
}

const key = Symbol.for("airloom.sdk/1");
const registry = globalThis as typeof globalThis & { [key]?: SharedState };

/** Kept beside the modules: a package that brought its own copy of the SDK would else define tasks nobody sees. */
registry[key] ??= { scope: null, contexts: new AsyncLocalStorage() };

export const shared: SharedState = registry[key];
