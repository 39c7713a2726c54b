import { createHash } from "node:crypto";
import { AirloomError } from "@airloom/core";
import type {
  ArtifactManifest,
  AttemptRef,
  ClaimReply,
  ClaimRequest,
  ConnectionValue,
  ExecutionContract,
  FinishReply,
  FinishRequest,
  LogRecord,
  ReleasedRef,
  TaskWorkload,
  WorkerTerms,
} from "@airloom/wire";
import type { Artifact } from "./artifact.ts";

export type QueuedWork = Omit<TaskWorkload, "tokenHash" | "leaseMs">;

interface Instance {
  readonly work: QueuedWork;
  tokenHash: string | null;
  verdict: "run" | "cancel" | "gone";
  finish: FinishRequest | null;
}

type Fault = (call: string, args: readonly unknown[]) => void | Promise<void>;

/**
 * The far side of the execution contract, in memory: keeps what it is told and gives out what is queued. `before` and `after` let a
 * test break a call before it has an effect, or lose its answer.
 */
export class FakeControlPlane {
  terms: Omit<WorkerTerms, "released"> = { heartbeatMs: 200, leaseMs: 5_000, marginMs: 500, killGraceMs: 500 };
  before: Fault = () => undefined;
  after: Fault = () => undefined;
  readonly calls: { readonly call: string; readonly args: readonly unknown[] }[] = [];
  readonly variables = new Map<string, string>();
  readonly connections = new Map<string, ConnectionValue>();
  readonly xcoms = new Map<string, Uint8Array>();
  readonly inputs = new Map<string, Uint8Array>();
  readonly ended: AttemptRef[] = [];
  readonly released: ReleasedRef[] = [];
  readonly #artifacts = new Map<string, Artifact>();
  readonly #instances = new Map<string, Instance>();
  readonly #logs = new Map<string, LogRecord[]>();
  readonly #queue: QueuedWork[] = [];
  readonly #watchers = new Set<() => void>();

  add(artifact: Artifact): void {
    this.#artifacts.set(artifact.manifest.id, artifact);
  }

  queue(...work: readonly QueuedWork[]): void {
    for (const one of work) {
      this.#queue.push(one);
      this.#instances.set(one.taskInstanceId, { work: one, tokenHash: null, verdict: "run", finish: null });
    }
    this.#changed();
  }

  cancel(id: string): void {
    const instance = this.#instance(id);
    instance.verdict = "cancel";
    this.#changed();
  }

  forget(id: string): void {
    this.#instance(id).verdict = "gone";
  }

  log(id: string): readonly LogRecord[] {
    return this.#logs.get(id) ?? [];
  }

  finish(id: string): FinishRequest | null {
    return this.#instances.get(id)?.finish ?? null;
  }

  /** Resolves when the outcome of the instance is there. */
  async finished(id: string): Promise<FinishRequest> {
    await this.until(() => this.finish(id) !== null);
    return this.finish(id) as FinishRequest;
  }

  /** Waits for what happened: looks again after every call. */
  until(isSo: () => boolean): Promise<void> {
    if (isSo()) return Promise.resolve();
    return new Promise((resolve) => {
      const watch = (): void => {
        if (!isSo()) return;
        this.#watchers.delete(watch);
        resolve();
      };
      this.#watchers.add(watch);
    });
  }

  countOf(call: string): number {
    return this.calls.filter((made) => made.call === call).length;
  }

  /** The contract as a worker gets it. */
  contract(): ExecutionContract {
    const target = this.#methods();
    const wrap =
      (call: string, method: (...args: never[]) => Promise<unknown>) =>
      async (...args: never[]): Promise<unknown> => {
        await this.before(call, args);
        const result = await method(...args);
        this.calls.push({ call, args });
        this.#changed();
        await this.after(call, args);
        return result;
      };
    const entries = Object.entries(target).map(([call, method]) => [call, wrap(call, method as never)]);
    return Object.fromEntries(entries) as ExecutionContract;
  }

  #methods(): Partial<ExecutionContract> {
    return {
      registerWorker: async () => ({ ...this.terms, released: 0 }),
      claim: (request, signal) => this.#claim(request, signal),
      heartbeat: async ({ attempts }) => ({
        attempts: attempts.map(({ taskInstanceId, attempt }) => ({
          taskInstanceId,
          attempt,
          verdict: this.#instance(taskInstanceId).verdict,
          remainingMs: this.terms.leaseMs,
          reason: "it was cleared",
        })),
      }),
      finish: async (request) => this.#finish(request),
      ended: async (attempt) => void this.ended.push(attempt),
      release: async (attempts) => void this.released.push(...attempts),
      appendLogs: async ({ attempt, records }) => {
        const kept = this.#logs.get(attempt.taskInstanceId) ?? [];
        kept.push(...records);
        this.#logs.set(attempt.taskInstanceId, kept);
      },
      fetchValue: async (_, ref) => known(this.inputs, ref),
      getVariable: async (_, key) => this.variables.get(key) ?? null,
      getConnection: async (_, id) => this.connections.get(id) ?? null,
      pullXCom: async (_, { taskId, key }) => this.xcoms.get(`${taskId}/${key}`) ?? null,
      pushXCom: async (attempt, key, value) => void this.xcoms.set(`${attempt.taskInstanceId}/${key}`, value),
      getArtifact: async (id): Promise<ArtifactManifest> => known(this.#artifacts, id).manifest,
      getPart: async (hash) => {
        const parts = [...this.#artifacts.values()].flatMap(({ contents }) => [...contents]);
        return known(new Map(parts), hash);
      },
    };
  }

  async #claim(request: ClaimRequest, signal?: AbortSignal): Promise<ClaimReply> {
    const given = request.repeat ? this.#heldBy(request.tokenHashes) : [];
    const free = request.tokenHashes.filter((hash) => !given.some((work) => work.tokenHash === hash));
    if (request.queues.length > 0) given.push(...this.#give(free));
    if (given.length > 0 || request.waitMs === 0 || signal?.aborted) return { workloads: given };
    const isQueued = await this.#arrival(request.waitMs, signal);
    return { workloads: isQueued ? this.#give(free) : [] };
  }

  #arrival(waitMs: number, signal?: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      let isOver = false;
      const end = (): void => {
        isOver = true;
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        resolve(this.#queue.length > 0);
        this.#changed();
      };
      const timer = setTimeout(end, waitMs);
      signal?.addEventListener("abort", end);
      void this.until(() => isOver || this.#queue.length > 0).then(end);
    });
  }

  #give(hashes: readonly string[]): TaskWorkload[] {
    return this.#queue.splice(0, hashes.length).map((work, index) => {
      const tokenHash = hashes[index] as string;
      this.#instance(work.taskInstanceId).tokenHash = tokenHash;
      return { ...work, tokenHash, leaseMs: this.terms.leaseMs };
    });
  }

  #heldBy(hashes: readonly string[]): TaskWorkload[] {
    return [...this.#instances.values()].flatMap(({ work, tokenHash, finish }) =>
      tokenHash && !finish && hashes.includes(tokenHash) ? [{ ...work, tokenHash, leaseMs: this.terms.leaseMs }] : [],
    );
  }

  async #finish(request: FinishRequest): Promise<FinishReply> {
    const instance = this.#instance(request.taskInstanceId);
    const tokenHash = createHash("sha256").update(request.token).digest("hex");
    if (instance.verdict !== "run" || instance.tokenHash !== tokenHash)
      throw new AirloomError("ATTEMPT_FENCED", { ...request, reason: "it was cleared" });
    const result = instance.finish ? "repeated" : "recorded";
    instance.finish ??= request;
    const claimed = request.claim && (await this.#claim(request.claim));
    return { result, ...(claimed && { claimed }) };
  }

  #instance(id: string): Instance {
    return known(this.#instances, id);
  }

  #changed(): void {
    for (const watch of [...this.#watchers]) watch();
  }
}

function known<V>(map: ReadonlyMap<string, V>, key: string): V {
  const value = map.get(key);
  if (value === undefined) throw new AirloomError("NOT_FOUND", { what: key });
  return value;
}
