import { Agent, request } from "node:http";

export interface RunFacts {
  readonly dag_run_id: string;
  readonly state: string;
  readonly queued_at: string;
  readonly start_date: string;
  readonly end_date: string;
}

export interface InstanceFacts {
  readonly task_id: string;
  readonly queued_when: string;
  readonly start_date: string;
  readonly end_date: string;
}

/** The REST API, over one connection that stays open: what is measured is the server, not the handshake. */
export class Api {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  #token = "";

  private constructor(url: string) {
    this.#url = url;
  }

  static async login(url: string, username: string, password: string): Promise<Api> {
    const api = new Api(url);
    const { access_token } = (await api.#send("POST", "/auth/token", { username, password })) as {
      access_token: string;
    };
    api.#token = access_token;
    return api;
  }

  get<T>(path: string): Promise<T> {
    return this.#send("GET", `/api/v2${path}`) as Promise<T>;
  }

  patch(path: string, body: object): Promise<unknown> {
    return this.#send("PATCH", `/api/v2${path}`, body);
  }

  /** Waits until so many Dags are there. */
  async untilDags(count: number, everyMs = 50): Promise<void> {
    for (;;) {
      const { total_entries } = await this.get<{ total_entries: number }>("/dags?limit=1");
      if (total_entries >= count) return;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  /** Waits until this Dag is there. */
  async untilDag(dagId: string): Promise<void> {
    while (!(await this.get(`/dags/${dagId}`).catch(() => null)))
      await new Promise((resolve) => setTimeout(resolve, 50));
  }

  async trigger(dagId: string): Promise<string> {
    const run = (await this.#send("POST", `/api/v2/dags/${dagId}/dagRuns`, { logical_date: null })) as RunFacts;
    return run.dag_run_id;
  }

  /** Until the run has ended. @returns what the named tasks returned. @throws when it did not succeed. */
  async wait(
    dagId: string,
    runId: string,
    results: readonly string[] = [],
  ): Promise<Readonly<Record<string, unknown>>> {
    const query = ["interval=0.25", ...results.map((task) => `result=${task}`)].join("&");
    const text = await this.#text("GET", `/api/v2/dags/${dagId}/dagRuns/${encodeURIComponent(runId)}/wait?${query}`);
    const last = JSON.parse(text.trimEnd().split("\n").at(-1) ?? "null") as {
      state: string;
      results?: Record<string, unknown>;
    };
    if (last.state !== "success") throw new Error(`run ${runId} of ${dagId} ended as ${last.state}`);
    return last.results ?? {};
  }

  run(dagId: string, runId: string): Promise<RunFacts> {
    return this.get(`/dags/${dagId}/dagRuns/${encodeURIComponent(runId)}`);
  }

  instance(dagId: string, runId: string, taskId: string): Promise<InstanceFacts> {
    return this.get(`/dags/${dagId}/dagRuns/${encodeURIComponent(runId)}/taskInstances/${taskId}`);
  }

  async #send(method: string, path: string, body?: object): Promise<unknown> {
    return JSON.parse((await this.#text(method, path, body)) || "null");
  }

  /** `fetch` would take a quarter of the time that is measured. */
  #text(method: string, path: string, body?: object): Promise<string> {
    const headers = { authorization: `Bearer ${this.#token}`, ...(body && { "content-type": "application/json" }) };
    return new Promise((resolve, reject) => {
      const sent = request(new URL(path, this.#url), { method, headers, agent: this.#agent }, (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          text += chunk;
        });
        answer.on("end", () => {
          if ((answer.statusCode ?? 500) < 400) resolve(text);
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
        });
      });
      sent.on("error", reject);
      sent.end(body && JSON.stringify(body));
    });
  }
}
