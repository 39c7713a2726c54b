import { AirloomError } from "@airloom/core";
import type { ExecutionMethod } from "@airloom/wire";
import { z } from "zod";

/** Objects may hold more than is known here: a newer worker's fields are no mistake. */
const fields = z.looseObject;
const id = z.string().min(1).max(1_000);
const bytes = z.instanceof(Uint8Array);
const count = z.int().min(0);
const texts = z.array(z.string()).max(10_000);

const attempt = fields({ taskInstanceId: id, attempt: count, token: id });
const claim = fields({
  workerId: id,
  executor: id,
  queues: texts,
  tokenHashes: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(1_000),
  warmArtifacts: texts,
  waitMs: z.number().min(0),
  repeat: z.boolean().optional(),
});
const failure = fields({ kind: z.string(), name: z.string(), message: z.string() });
const outcome = z.discriminatedUnion("kind", [
  fields({ kind: z.literal("succeeded"), decision: z.union([z.string(), z.boolean()]).optional() }),
  fields({ kind: z.literal("skipped"), reason: z.string() }),
  fields({ kind: z.literal("failed"), retry: z.boolean(), error: failure }),
  fields({ kind: z.literal("rescheduled"), at: z.string() }),
  fields({ kind: z.literal("lost"), reason: z.string() }),
]);
const xcom = fields({
  key: id,
  length: count.nullable(),
  value: z.discriminatedUnion("kind", [
    fields({ kind: z.literal("value"), bytes }),
    fields({ kind: z.literal("elements"), items: z.array(bytes) }),
  ]),
});
const record = fields({
  seq: count,
  ts: z.number(),
  level: z.enum(["debug", "info", "warn", "error"]),
  source: z.enum(["task", "stdout", "stderr", "airloom"]),
  msg: z.string(),
  fields: fields({}).optional(),
  group: z.string().optional(),
});
const process = { hostname: z.string(), pid: z.int() };
const file = z.string().min(1).max(4_096);
const artifact = fields({
  id,
  codeHash: z.string(),
  file,
  entry: z.string(),
  parts: z.array(fields({ hash: id, path: z.string() })),
});
const report = z.discriminatedUnion("kind", [
  fields({
    kind: z.literal("parsed"),
    file,
    sourceHash: z.string(),
    artifact,
    source: z.string(),
    // What a Spec has to hold is checked where it is read.
    dags: z.array(fields({ dagId: id, spec: fields({}) })),
    seconds: z.number(),
  }),
  fields({ kind: z.literal("broken"), file, sourceHash: z.string(), error: fields({ message: z.string() }) }),
  fields({ kind: z.literal("gone"), files: z.array(file) }),
]);

/** The arguments of each call, as far as the control plane relies on them. */
const argsOf: Readonly<Record<ExecutionMethod, z.ZodType<readonly unknown[]>>> = {
  appendLogs: z.tuple([fields({ attempt, records: z.array(record) })]),
  claim: z.tuple([claim]),
  ended: z.tuple([attempt]),
  fetchValue: z.tuple([attempt, id]),
  finish: z.tuple([attempt.extend({ outcome, xcoms: z.array(xcom), claim: claim.optional() })]),
  getArtifact: z.tuple([id]),
  getConnection: z.tuple([attempt, id]),
  getPart: z.tuple([id]),
  getVariable: z.tuple([attempt, id]),
  heartbeat: z.tuple([fields({ workerId: id, attempts: z.array(attempt) })]),
  missingParts: z.tuple([z.array(id)]),
  openParseSession: z.tuple([fields({ id, ...process })]),
  publish: z.tuple([report]),
  pullXCom: z.tuple([
    attempt,
    fields({ taskId: id, key: id, mapIndex: z.int().optional(), runId: z.string().optional() }),
  ]),
  pushXCom: z.tuple([attempt, id, bytes]),
  putPart: z.tuple([id, bytes]),
  registerWorker: z.tuple([
    fields({
      workerId: id,
      ...process,
      bootId: z.string(),
      startTicks: z.string(),
      executor: id,
      queues: texts,
      slots: count,
    }),
  ]),
  release: z.tuple([z.array(attempt.extend({ neverRan: z.boolean().optional() })), z.string()]),
};

/**
 * What came over the network, before anything relies on it.
 * @throws BAD_REQUEST that names the first place that is wrong, never its value: it may be a secret.
 */
export function checkArgs(method: ExecutionMethod, args: readonly unknown[]): readonly unknown[] {
  const checked = argsOf[method].safeParse(args);
  // As they came: the schemas only look.
  if (checked.success) return args;
  const { path = [], message } = checked.error.issues[0] ?? { message: "not valid" };
  throw new AirloomError("BAD_REQUEST", { reason: `${method}: argument ${path.join(".") || "list"}: ${message}` });
}
