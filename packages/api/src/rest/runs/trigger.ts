import { randomBytes } from "node:crypto";
import { AirloomError, commitPoint, type JsonObject, parseRunId, parseTimetable, runId } from "@airloom/core";
import { type Created, createAndStart, tellCreated, type Version } from "@airloom/runs";
import type { Tx } from "@airloom/store";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import type { Actor } from "../../auth/permissions.ts";
import { instant } from "../../http/instant.ts";
import { record } from "../audit.ts";
import { dagIn } from "../find.ts";
import { checkConf } from "./check-conf.ts";

/** Body of a trigger; `logical_date` must be there, and may be null. */
export const triggerBody = z.strictObject({
  logical_date: instant.nullable(),
  dag_run_id: z.string().max(250).nullish(),
  data_interval_start: instant.nullish(),
  data_interval_end: instant.nullish(),
  run_after: instant.nullish(),
  conf: z.record(z.string(), z.json()).nullish(),
  note: z.string().max(1_000).nullish(),
  partition_key: z.null("Airloom has no partitions yet: leave it out").optional(),
  bundle_version: z.null("Airloom runs the newest version: leave it out").optional(),
});
type TriggerBody = z.output<typeof triggerBody>;

/** Makes a run, queued, and starts it at once if it is due and there is room. @returns its id */
export async function triggerRun(
  deps: ApiDeps,
  actor: Actor,
  { dagId, body }: { readonly dagId: string; readonly body: TriggerBody },
): Promise<string> {
  const created = await deps.store.tx((tx) => insertRun({ tx, deps, actor }, dagId, body));
  await tellCreated(deps, created);
  return created.run.runId;
}

interface At {
  readonly tx: Tx;
  readonly deps: ApiDeps;
  readonly actor: Actor;
}

async function insertRun(at: At, dagId: string, body: TriggerBody): Promise<Created> {
  const { tx, deps, actor } = at;
  const [, dag] = await Promise.all([tx.lockDags([dagId], { wait: true }), dagIn(tx, dagId)]);
  if (dag.isStale)
    throw new AirloomError("NOT_FOUND", {
      what: `The file of Dag "${dagId}" (${dag.file})`,
      hint: "Bring the file back; its old runs can still be seen.",
    });
  const version = await deps.versions.load(tx, dag.versionId);
  const conf = body.conf ?? {};
  checkDate(version, body.logical_date);
  checkConf(version.graph.spec, conf);
  const runAfter = body.run_after ?? tx.now;
  const random = body.logical_date ? undefined : randomBytes(4).toString("hex");
  const id = body.dag_run_id ? parseRunId(body.dag_run_id) : runId("manual", runAfter, random);
  const created = await createAndStart({ tx, deps, version }, dag, {
    runId: id,
    runType: "manual",
    logicalDate: body.logical_date,
    ...intervalOf(version, body),
    runAfter,
    conf,
    triggeredBy: "rest_api",
    triggeringUser: actor.name,
    note: body.note ?? null,
  });
  if (!created) throw await duplicate(tx, dagId, { id, logicalDate: body.logical_date });
  if (globalThis.FAILPOINTS) commitPoint(tx, "api.trigger");
  void record(tx, actor, { event: "trigger_dag_run", dagId, runId: id, detail: sentFields(body, conf) });
  return created;
}

/** What was sent, without the values of conf: they may be anything. */
const sentFields = (body: TriggerBody, conf: JsonObject): JsonObject => ({
  fields: Object.keys(body),
  conf_keys: Object.keys(conf),
});

function checkDate({ graph: { spec } }: Version, logicalDate: Date | null): void {
  if (logicalDate !== null || !spec.needsLogicalDate) return;
  throw new AirloomError("BAD_REQUEST", {
    reason: `Dag "${spec.dagId}" reads run.logicalDate, so a run of it needs one: give "logical_date" a date and time.`,
  });
}

function intervalOf({ graph: { spec } }: Version, body: TriggerBody) {
  const { logical_date, data_interval_start, data_interval_end } = body;
  if (Boolean(data_interval_start) !== Boolean(data_interval_end))
    throw new AirloomError("VALIDATION", {
      reason: "Either both data_interval_start and data_interval_end are given, or neither.",
    });
  if (data_interval_start && data_interval_end)
    return { intervalStart: data_interval_start, intervalEnd: data_interval_end };
  if (!logical_date) return { intervalStart: null, intervalEnd: null };
  const { start, end } = parseTimetable(spec.schedule).manualInterval(logical_date);
  return { intervalStart: start, intervalEnd: end };
}

async function duplicate(
  tx: Tx,
  dagId: string,
  { id, logicalDate }: { readonly id: string; readonly logicalDate: Date | null },
): Promise<AirloomError> {
  const same = await tx.findRun(dagId, id);
  const what = same ? `a run with the id "${id}"` : `a run of the logical date ${logicalDate?.toISOString()}`;
  return new AirloomError("CONFLICT", { reason: `Dag "${dagId}" already has ${what}.` });
}
