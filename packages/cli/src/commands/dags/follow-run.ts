import { setTimeout as pause } from "node:timers/promises";
import type { ApiClient } from "../../client/api-client.ts";
import { type InstanceEntity, instanceName, type RunEntity, runPath } from "../../client/entities.ts";
import { listAll } from "../../client/pages.ts";
import { secondsText } from "../../output/moment.ts";
import type { Printer } from "../../output/printer.ts";

export interface FollowOptions {
  readonly api: ApiClient;
  readonly print: Printer;
  readonly run: RunEntity;
  /** Null: as long as it takes. */
  readonly timeoutSeconds: number | null;
}

const finished: ReadonlySet<string> = new Set(["success", "failed"]);
/** Too many moves to be read: told as figures. */
const quietStates: ReadonlySet<string> = new Set(["none", "scheduled", "queued"]);

/** Prints the states of a run's tasks as they change, to the run's end. Returns 0 when it succeeded, else 1. */
export async function followRun({ api, print, run, timeoutSeconds }: FollowOptions): Promise<number> {
  const path = runPath(run.dag_id, run.dag_run_id);
  const deadline = timeoutSeconds === null ? Number.POSITIVE_INFINITY : performance.now() + timeoutSeconds * 1_000;
  const told = new Map<string, string>();
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 1.5, 1_000)) {
    // The run first: when it has ended, the instances read after it are its last ones.
    const current = await api.call<RunEntity>({ path });
    const instances = await listAll<InstanceEntity>(api, { path: `${path}/taskInstances`, items: "task_instances" });
    for (const instance of instances) tellChange(print, told, instance);
    if (finished.has(current.state)) return tellEnd(print, current, instances);
    if (performance.now() >= deadline) {
      process.stderr.write(
        `error: after ${secondsText(timeoutSeconds)} the run is still ${current.state}; it goes on without being watched.\n`,
      );
      return 1;
    }
    await pause(Math.min(waitMs, Math.max(0, deadline - performance.now())));
  }
}

function tellChange(print: Printer, told: Map<string, string>, instance: InstanceEntity): void {
  const name = instanceName(instance);
  const state = instance.state ?? "none";
  const mark = `${state} ${instance.try_number}`;
  if (told.get(name) === mark) return;
  told.set(name, mark);
  if (quietStates.has(state)) return;
  const again = instance.try_number > 1 ? ` (try ${instance.try_number})` : "";
  const took = instance.end_date && instance.duration !== null ? ` in ${secondsText(instance.duration)}` : "";
  print.say(`  ${print.paint(state.padEnd(15), state)} ${name}${again}${took}`);
}

function tellEnd(print: Printer, run: RunEntity, instances: readonly InstanceEntity[]): number {
  const { state, dag_id, dag_run_id } = run;
  const took = run.duration === null ? "" : ` in ${secondsText(run.duration)}`;
  print.done(`Run "${dag_run_id}" of ${dag_id}: ${print.paint(state, state)}${took}.`, run);
  const failed = instances.find((instance) => instance.state === "failed");
  if (state === "success") return 0;
  if (failed) process.stderr.write(`       Its log: airloom tasks logs ${dag_id} '${dag_run_id}' ${failed.task_id}\n`);
  return 1;
}
