import { type ApiDeps, createApi, type ExecutionDeps } from "@airloom/api";
import type { PostgresStore } from "@airloom/db";
import { createHttpExecution } from "@airloom/wire";
import type { MadeExecution, MakeExecution } from "../contracts/execution/execution-under-test.ts";
import { cloneStore, memoryStore, type OwnedStore } from "../database/clone-store.ts";
import { executionOver } from "./execution-over.ts";

const inProcess = (owned: OwnedStore, given: Partial<ExecutionDeps>) => {
  const { execution, deps, runs } = executionOver(owned.store, given);
  return { execution, deps, runs, shiftClock: owned.shiftClock, close: owned.close };
};

/** Called directly, over the memory store. */
export const makeMemoryExecution: MakeExecution = async (given) => inProcess(memoryStore(), given);

/** Called directly, over PostgreSQL. */
export const makePostgresExecution: MakeExecution = async (given) => {
  const owned = await cloneStore();
  return { ...inProcess(owned, given), importErrorOf: importErrorsIn(owned.store) };
};

/** What a worker at the other end of the network has, and the server behind it. */
export interface ServedExecution extends MadeExecution {
  /** `http://127.0.0.1:<free port>` */
  readonly baseUrl: string;
  readonly workerToken: string;
  readonly api: ApiDeps;
}

/** Over HTTP: the API listens on a free port of this machine, over PostgreSQL. */
export async function makeHttpExecution(given: Partial<ExecutionDeps>): Promise<ServedExecution> {
  const owned = await cloneStore();
  const made = inProcess(owned, given);
  const api = apiDepsOver(made, owned.store);
  const app = createApi(api);
  const baseUrl = await app.listen({ host: "127.0.0.1", port: 0 });
  return {
    ...made,
    api,
    baseUrl,
    workerToken: api.workerToken,
    execution: createHttpExecution({ baseUrl, token: () => api.workerToken }),
    importErrorOf: importErrorsIn(owned.store),
    close: async () => {
      await app.close();
      await owned.close();
    },
  };
}

const apiDepsOver = ({ deps, execution }: MadeExecution, store: PostgresStore): ApiDeps => ({
  ...deps,
  execution,
  reads: store.reads,
  configuration: { exposed: false, sections: [] },
  signingKey: new Uint8Array(64).fill(3),
  workerToken: "token-of-workers",
  tokenLifetimeSeconds: 3_600,
  bodyLimitBytes: 1_048_576,
  executionLimitBytes: 16 * 1_048_576,
  version: "0.0.0-test",
  now: () => new Date(),
  report: (error, where) => {
    throw new Error(`${where} failed`, { cause: error });
  },
});

const importErrorsIn = (store: PostgresStore) => async (file: string) => {
  const where = [{ kind: "in" as const, field: "file" as const, values: [file] }];
  const { rows } = await store.reads.listImportErrors({ where, orderBy: [], limit: 1, offset: 0 });
  return rows[0]?.error ?? null;
};
