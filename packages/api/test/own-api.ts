import { type ApiDeps, createApi, createExecution, createSecrets } from "@airloom/api";
import { createPostgresStore, type PostgresStore } from "@airloom/db";
import { cloneDatabase, type RunsUnderTest, runsOver } from "@airloom/testkit";
import { afterAll } from "vitest";
import { createTokens } from "../src/auth/tokens.ts";

type Role = "viewer" | "user" | "op" | "admin";

interface Asked {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE" | "PUT";
  readonly body?: unknown;
  /** @default "admin"; null = without a token */
  readonly as?: Role | null;
  readonly accept?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** Of a JSON answer; read field by field in tests. */
  readonly body: Answer;
}

/** JSON as tests read it: any field of any answer, checked by what is expected of it. */
export interface Answer {
  readonly [field: string]: AnswerValue;
}
export type AnswerValue = string | number | boolean | null | Answer | readonly Answer[];

/** The API over a database of its own, in process. */
export interface OwnApi {
  readonly app: ReturnType<typeof createApi>;
  readonly store: PostgresStore;
  /** For the imagined worker of testkit: the same runs as the API's. */
  readonly runs: RunsUnderTest;
  readonly deps: ApiDeps;
  /** `method path`, or a path to get: asks as a user of a role. */
  ask(url: string, asked?: Asked): Promise<Answered>;
  /** Headers of a request that `ask` cannot make. */
  asAdmin(): Readonly<Record<string, string>>;
}

/** @example const api = await ownApi(); expect((await api.ask("/api/v2/dags")).status).toBe(200); */
export async function ownApi(given: Partial<ApiDeps> = {}): Promise<OwnApi> {
  const database = await cloneDatabase();
  const store = createPostgresStore({ url: database.url });
  const runs = runsOver(store);
  const deps = depsOver(store, runs, given);
  const app = createApi(deps);
  afterAll(async () => {
    await app.close();
    await store.close();
    await database.drop();
  });
  const tokens = createTokens(deps.signingKey);
  const asAdmin = () => ({ authorization: `Bearer ${tokens.issue({ name: "ann", role: "admin" }, 60, new Date())}` });
  return { app, store, runs, deps, ask: asker(app, deps), asAdmin };
}

function depsOver(store: PostgresStore, runs: RunsUnderTest, given: Partial<ApiDeps>): ApiDeps {
  const execution = {
    ...runs.deps,
    lanes: runs.lanes,
    secrets: createSecrets([Buffer.alloc(32, 7)]),
    terms: { heartbeatMs: 5_000, leaseMs: 30_000, marginMs: 8_000, killGraceMs: 5_000 },
    host: { hostname: "here", bootId: "boot" },
    isDead: () => false,
    environment: {},
    dagsPausedAtCreation: false,
    maxLogBytesPerAttempt: 1_000_000,
    maxXComBytes: 10_000_000,
    timers: {
      after: (ms: number, callback: () => void) => {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
    },
  };
  return {
    ...execution,
    execution: createExecution(execution),
    reads: store.reads,
    configuration: { exposed: false, sections: [] },
    signingKey: Buffer.alloc(64, 3),
    workerToken: "workers-token",
    tokenLifetimeSeconds: 3_600,
    bodyLimitBytes: 1_048_576,
    executionLimitBytes: 1_048_576,
    version: "0.0.0-test",
    now: () => new Date(),
    report: (error) => {
      throw error;
    },
    ...given,
  };
}

function asker(app: OwnApi["app"], deps: ApiDeps): OwnApi["ask"] {
  const tokens = createTokens(deps.signingKey);
  return async (url, { method = "GET", body, as = "admin", accept } = {}) => {
    const headers: Record<string, string> = accept ? { accept } : {};
    if (as) headers.authorization = `Bearer ${tokens.issue({ name: `the ${as}`, role: as }, 60, new Date())}`;
    const reply = await app.inject({
      method,
      url,
      headers,
      ...(body === undefined ? {} : { payload: body as object }),
    });
    const isJson = String(reply.headers["content-type"] ?? "").match(/^application\/(problem\+)?json/) !== null;
    return {
      status: reply.statusCode,
      headers: reply.headers,
      text: reply.body,
      body: isJson ? (JSON.parse(reply.body) as Answer) : {},
    };
  };
}

/** A field that is a list. */
export const list = (answer: Answer, field: string): readonly Answer[] => answer[field] as readonly Answer[];
