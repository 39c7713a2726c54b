import type { Reads } from "@airloom/store";
import type { ExecutionContract } from "@airloom/wire";
import type { ExecutionDeps } from "./execution/execution-deps.ts";

/** The configuration as people may read it. */
export interface Configuration {
  /** Whether they may (Airflow's `expose_config`). */
  readonly exposed: boolean;
  readonly sections: readonly {
    readonly name: string;
    /** Secrets come without their value. */
    readonly options: readonly { readonly key: string; readonly value: string | null }[];
  }[];
}

/** What the API serves from and with. */
export interface ApiDeps extends ExecutionDeps {
  readonly execution: ExecutionContract;
  /** Lists for people. */
  readonly reads: Reads;
  readonly configuration: Configuration;
  /** Signs tokens of people. */
  readonly signingKey: Uint8Array;
  /** The token of workers and dag-processors. */
  readonly workerToken: string;
  readonly tokenLifetimeSeconds: number;
  readonly bodyLimitBytes: number;
  /** Largest message of the execution contract. */
  readonly executionLimitBytes: number;
  readonly version: string;
  readonly now: () => Date;
  readonly report: (error: unknown, where: string) => void;
}
