import type { FinishLanes, RunsDeps } from "@airloom/runs";
import type { WorkerTerms } from "@airloom/wire";
import type { Secrets } from "../secrets/secrets.ts";

/** What the control half of the execution contract works with. */
export interface ExecutionDeps extends RunsDeps {
  readonly lanes: FinishLanes;
  readonly secrets: Secrets;
  readonly terms: Omit<WorkerTerms, "released">;
  /** This machine, and which of its processes are gone: workers that died without a word are released at once. */
  readonly host: { readonly hostname: string; readonly bootId: string };
  readonly isDead: (process: { readonly pid: number; readonly startTicks: string }) => boolean;
  /** Variables and connections that the environment sets: `AIRLOOM_VAR_*`, `AIRLOOM_CONN_*`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** New Dags start paused, unless they say otherwise. */
  readonly dagsPausedAtCreation: boolean;
  readonly maxLogBytesPerAttempt: number;
  /** One value; a list whose elements stand apart counts as a whole. */
  readonly maxXComBytes: number;
  readonly timers: { after(ms: number, callback: () => void): () => void };
  /** Monotonic, ms. @default performance.now */
  readonly monotonicMs?: () => number;
}
