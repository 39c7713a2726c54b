import type { DagRow } from "@airloom/store";
import { beginning } from "../plan-dags.ts";
import { Violation } from "../violation.ts";
import type { World } from "../world.ts";

/** What must hold when everything has come to rest. */
export function checkEnd(world: World): void {
  for (const check of world.acknowledged) check();
  for (const dag of world.mirror.dags.values()) checkTicks(world, dag);
}

/** Every tick between start and end has its run when the Dag catches up, and no run is of anything but a tick. */
function checkTicks({ mirror }: World, { dagId, versionId }: DagRow): void {
  const spec = mirror.graphOf(versionId)?.spec;
  if (spec?.schedule.kind !== "delta" || spec.endDate === null) return;
  const everyMs = spec.schedule.seconds * 1_000;
  const made = [...mirror.runs.values()]
    .filter((run) => run.dagId === dagId && run.runType === "scheduled")
    .map(({ logicalDate }) => (logicalDate?.getTime() ?? Number.NaN) - beginning);
  if (!spec.catchup) return;
  for (const ms of made)
    if (ms < 0 || ms % everyMs !== 0) throw new Violation(18, `a scheduled run of ${dagId} is of ${ms} ms, no tick`);
  const last = Date.parse(spec.endDate) - beginning;
  for (let ms = 0; ms <= last; ms += everyMs)
    if (!made.includes(ms)) throw new Violation(18, `${dagId} has no run of the tick at ${ms} ms`);
}
