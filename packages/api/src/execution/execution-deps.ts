import type { FinishLanes, RunsDeps } from "@airloom/runs";
import type { WorkerTerms } from "@airloom/wire";
import type { Secrets } from "../secrets/secrets.ts";

/** What the control half of the execution contract works with. */
export interface ExecutionDeps extends RunsDeps {
  readonly lanes: FinishLanes;
  readonly secrets: Secrets;
  readonly terms: Omit<WorkerTerms, "released">;
  /** Which processes of this host are gone; by pid and start time, for workers that died without a word. */
  readonly isDead: (process: { readonly pid: number; readonly startTicks: string }) => boolean;
  /** Variables and connections that the environment sets: `AIRLOOM_VAR_*`, `AIRLOOM_CONN_*`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** New Dags start paused, unless they say otherwise. */
  readonly dagsPausedAtCreation: boolean;
  readonly maxLogBytesPerAttempt: number;
  readonly timers: { after(ms: number, callback: () => void): () => void };
}
