import { Agent, request } from "node:http";
import type { TemporaryProject } from "./temporary-project.ts";
import { type Patience, until } from "./until.ts";

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

export interface Run {
  readonly dag_run_id: string;
  readonly dag_id: string;
  readonly state: string;
  readonly run_type: string;
  readonly run_after: string;
  readonly logical_date: string | null;
}

export interface Instance {
  readonly task_id: string;
  readonly map_index: number;
  readonly state: string | null;
  readonly try_number: number;
  readonly pid: number | null;
  readonly start_date: string | null;
  readonly end_date: string | null;
}

/** The REST API of a running Airloom, as a program of a user meets it. */
export interface Api {
  /** Any request; the status is the caller's to judge. */
  ask<T>(method: string, path: string, body?: unknown): Promise<Answer<T>>;
  /** @throws when the answer is not 2xx. */
  get<T>(path: string): Promise<T>;
  send<T>(method: "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<T>;
  trigger(dagId: string, body?: Readonly<Record<string, unknown>>): Promise<Run>;
  run(dagId: string, runId: string): Promise<Run>;
  /** Waits for the end of a run. @returns its state */
  ended(run: Pick<Run, "dag_id" | "dag_run_id">, patience?: Patience): Promise<string>;
  /** All task instances of a run, by task and index. */
  instances(run: Pick<Run, "dag_id" | "dag_run_id">): Promise<readonly Instance[]>;
  xcom(run: Pick<Run, "dag_id" | "dag_run_id">, taskId: string, mapIndex?: number): Promise<unknown>;
  /** The messages of a try's log. */
  log(run: Pick<Run, "dag_id" | "dag_run_id">, taskId: string, tryNumber?: number): Promise<readonly string[]>;
}

const agent = new Agent({ keepAlive: false });

/** Logs in as `admin`. @example const api = await apiOf(project); */
export async function apiOf({ url, password }: Pick<TemporaryProject, "url" | "password">): Promise<Api> {
  const login = await call<{ access_token: string }>(url, {
    method: "POST",
    path: "/auth/token",
    body: { username: "admin", password },
  });
  if (login.status !== 201) throw new Error(`login: ${login.status} ${JSON.stringify(login.body)}`);
  return createApi(url, login.body.access_token);
}

function createApi(url: string, token: string): Api {
  const ask: Api["ask"] = (method, path, body) => call(url, { method, path, body, token });
  const send = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await ask<T>(method, path, body);
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  };
  const get = <T>(path: string): Promise<T> => send<T>("GET", path);
  const api: Api = {
    ask,
    send,
    get,
    trigger: (dagId, body) => send("POST", `/api/v2/dags/${dagId}/dagRuns`, { logical_date: null, ...body }),
    run: (dagId, runId) => get(`/api/v2/dags/${dagId}/dagRuns/${encodeURIComponent(runId)}`),
    ended: ({ dag_id, dag_run_id }, patience) =>
      until(`run ${dag_run_id} of ${dag_id} has ended`, () => endOf(api.run(dag_id, dag_run_id)), {
        within: 30_000,
        ...patience,
      }),
    instances: (run) => listInstances(api, run),
    xcom: async (run, taskId, mapIndex = -1) =>
      (
        await get<{ value: unknown }>(
          `${instancePath(run, taskId)}/xcomEntries/return_value?map_index=${mapIndex}&deserialize=true`,
        )
      ).value,
    log: async (run, taskId, tryNumber = 1) =>
      (
        await get<{ content: readonly { readonly event: string }[] }>(
          `${instancePath(run, taskId)}/logs/${tryNumber}?full_content=true`,
        )
      ).content.map(({ event }) => event),
  };
  return api;
}

async function endOf(run: Promise<Run>): Promise<string | null> {
  const { state } = await run;
  return state === "success" || state === "failed" ? state : null;
}

const runPath = ({ dag_id, dag_run_id }: Pick<Run, "dag_id" | "dag_run_id">): string =>
  `/api/v2/dags/${dag_id}/dagRuns/${encodeURIComponent(dag_run_id)}`;

const instancePath = (run: Pick<Run, "dag_id" | "dag_run_id">, taskId: string): string =>
  `${runPath(run)}/taskInstances/${taskId}`;

async function listInstances(api: Api, run: Pick<Run, "dag_id" | "dag_run_id">): Promise<readonly Instance[]> {
  const found: Instance[] = [];
  for (;;) {
    const page = await api.get<{ task_instances: readonly Instance[]; total_entries: number }>(
      `${runPath(run)}/taskInstances?limit=100&offset=${found.length}&order_by=map_index`,
    );
    found.push(...page.task_instances);
    if (page.task_instances.length === 0 || found.length >= page.total_entries) break;
  }
  return found.sort((a, b) => a.task_id.localeCompare(b.task_id) || a.map_index - b.map_index);
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly token?: string;
}

/** Not `fetch`: its pool would keep connections to servers that these tests kill. */
function call<T>(url: string, { method, path, body, token }: Call): Promise<Answer<T>> {
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    accept: "application/json",
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(sent === undefined ? {} : { "content-type": "application/json" }),
  };
  return new Promise((resolve, reject) => {
    const asking = request(new URL(path, url), { method, headers, agent, timeout: 15_000 }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        text += chunk;
      });
      answer.once("error", reject);
      answer.once("end", () => resolve({ status: answer.statusCode ?? 0, body: (text && JSON.parse(text)) as T }));
    });
    asking.once("timeout", () => asking.destroy(new Error(`${method} ${path} was not answered`)));
    asking.once("error", reject);
    asking.end(sent);
  });
}
