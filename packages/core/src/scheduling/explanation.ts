import type { TaskInstanceState } from "../states/task-instance-state.ts";

/** What the words are made of. All optional: what is not known is left out of the sentence. */
export interface ExplainFacts {
  readonly taskId?: string;
  /** Direct upstream instances, one entry per task (mapped ones with the state that matters most). */
  readonly upstreams?: readonly { readonly taskId: string; readonly state: TaskInstanceState }[];
  readonly triggerRule?: string;
  readonly pool?: { readonly name: string; readonly slots: number; readonly used: number; readonly wanted: number };
  readonly executor?: { readonly name: string; readonly parallelism: number; readonly used: number };
  /** Of the limit in the way: the run's, or the task's. */
  readonly limit?: { readonly most: number; readonly used: number };
  readonly dagId?: string;
  readonly runId?: string;
  readonly tryNumber?: number;
  readonly maxTries?: number;
  readonly nextDueAt?: Date | null;
  /** What the last attempt said. */
  readonly error?: string | null;
  readonly worker?: string | null;
}

export interface Explanation {
  readonly code: string;
  /** One line: what is the case. */
  readonly title: string;
  /** Why, with the facts. May be empty. */
  readonly detail: string;
  /** What happens next by itself, or what a person can do. */
  readonly next: string;
}
