import { AirloomError, commitPoint } from "@airloom/core";
import { endAttempts, heartbeat, releaseDeadWorkers } from "@airloom/runs";
import {
  type ArtifactManifest,
  type AttemptRef,
  decodeValue,
  type ExecutionContract,
  encodeValue,
  type WorkerRegistration,
} from "@airloom/wire";
import { resolveConnection, resolveVariables } from "../secrets/resolve.ts";
import { appendLogs } from "./append-logs.ts";
import { createClaimDesk } from "./claim-work.ts";
import type { ExecutionDeps } from "./execution-deps.ts";
import { keyOf, liveInstance, lockLiveInstance } from "./fence.ts";
import { fetchInput } from "./fetch-input.ts";
import { checkXComSize, finishAttempt, releaseAttempts } from "./finish-attempt.ts";
import { missingParts, openParseSession, publish } from "./publish.ts";

/** The control half of the execution contract: in-process transports call it directly, the HTTP routes pass it on. */
export function createExecution(deps: ExecutionDeps): ExecutionContract {
  const { store } = deps;
  const desk = createClaimDesk(deps);
  return {
    registerWorker: (worker) => registerWorker(deps, worker),
    claim: (request, signal) => desk.claim(request, signal),
    heartbeat: async ({ workerId, attempts }) => ({ attempts: await heartbeat(deps, workerId, attempts.map(keyOf)) }),
    finish: (request) => finishAttempt(deps, request),
    ended: (attempt) => endAttempts(deps, [keyOf(attempt)]),
    release: (attempts, reason) => releaseAttempts(deps, attempts, reason),
    appendLogs: (batch) => appendLogs(deps, batch),
    fetchValue: (attempt, ref) => fetchInput(deps, attempt, ref),
    getVariable: (attempt, key) =>
      store.tx(async (tx) => {
        await liveInstance(tx, attempt);
        return (await resolveVariables(tx, deps, [key]))[key] ?? null;
      }),
    getConnection: (attempt, id) =>
      store.tx(async (tx) => {
        await liveInstance(tx, attempt);
        return resolveConnection(tx, deps, id);
      }),
    pullXCom: (attempt, query) => pullXCom(deps, attempt, query),
    pushXCom: async (attempt, key, value) => {
      checkXComSize(deps, [value]);
      await store.tx(async (tx) => {
        if (globalThis.FAILPOINTS) commitPoint(tx, "api.xcom");
        const { runKey, taskId, mapIndex } = await lockLiveInstance(tx, attempt);
        await tx.putXComs([{ runKey, taskId, mapIndex, key, value, elements: null, length: null }]);
      });
    },
    getArtifact: (artifactId) =>
      store.tx(async (tx) => {
        const artifact = await tx.findArtifact(artifactId);
        if (!artifact) throw new AirloomError("NOT_FOUND", { what: `Artifact ${artifactId}` });
        return artifact.manifest as unknown as ArtifactManifest;
      }),
    getPart: (hash) =>
      store.tx(async (tx) => {
        const bytes = await tx.findPart(hash);
        if (!bytes) throw new AirloomError("NOT_FOUND", { what: `Artifact part ${hash}` });
        return bytes;
      }),
    openParseSession: (processor) => openParseSession(deps, processor),
    missingParts: (hashes) => missingParts(deps, hashes),
    putPart: (hash, bytes) => store.tx((tx) => tx.putPart(hash, bytes)),
    publish: (report) => publish(deps, report),
  };
}

async function registerWorker(deps: ExecutionDeps, worker: WorkerRegistration) {
  const here = worker.hostname === deps.host.hostname && worker.bootId === deps.host.bootId;
  const released = here ? await releaseDeadWorkers(deps, deps.host, deps.isDead) : 0;
  await deps.store.tx((tx) => tx.upsertWorker(worker));
  return { ...deps.terms, maxValueBytes: deps.maxXComBytes, released };
}

async function pullXCom(deps: ExecutionDeps, attempt: AttemptRef, query: Parameters<ExecutionContract["pullXCom"]>[1]) {
  return deps.store.tx(async (tx) => {
    const instance = await liveInstance(tx, attempt);
    const other = query.runId === undefined ? null : await tx.findRun(instance.dagId, query.runId);
    if (query.runId !== undefined && !other) return null;
    const at = {
      runKey: other?.id ?? instance.runKey,
      taskId: query.taskId,
      mapIndex: query.mapIndex ?? -1,
      key: query.key,
    };
    const found = await tx.findXCom(at);
    if (!found) return null;
    // A list whose elements stand apart is one value to whoever pulls it.
    return found.value ?? encodeValue((await tx.listXComElements(at)).map(decodeValue));
  });
}
