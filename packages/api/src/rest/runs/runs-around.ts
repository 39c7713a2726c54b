import { AirloomError } from "@airloom/core";
import type { Condition, DagRunField, DagRunRow } from "@airloom/store";
import type { ApiDeps } from "../../api-deps.ts";
import { first, is } from "../find.ts";

/** Runs that one request may change. */
const maxRuns = 1_000;

export interface Around {
  readonly include_future?: boolean;
  readonly include_past?: boolean;
}

/** Keys of the run, and of those after or before it by logical date, sorted: the order they are locked in. */
export async function runsAround(deps: ApiDeps, run: DagRunRow, around: Around): Promise<readonly number[]> {
  if (!run.logicalDate || !(around.include_future || around.include_past)) return [run.id];
  const later: Condition<DagRunField> = { kind: "compare", field: "logicalDate", is: ">=", value: run.logicalDate };
  const earlier: Condition<DagRunField> = { kind: "compare", field: "logicalDate", is: "<=", value: run.logicalDate };
  const where = [...(around.include_past ? [] : [later]), ...(around.include_future ? [] : [earlier])];
  return runKeysWhere(deps, run.dagId, [
    ...where,
    { kind: "compare", field: "logicalDate", is: ">=", value: new Date(0) },
  ]);
}

/** Keys of a Dag's runs between two logical dates, sorted. */
export const runsBetween = (
  deps: ApiDeps,
  dagId: string,
  { from, to }: { readonly from: Date | null; readonly to: Date | null },
): Promise<readonly number[]> =>
  runKeysWhere(deps, dagId, [
    ...(from ? [{ kind: "compare" as const, field: "logicalDate" as const, is: ">=" as const, value: from }] : []),
    ...(to ? [{ kind: "compare" as const, field: "logicalDate" as const, is: "<=" as const, value: to }] : []),
  ]);

async function runKeysWhere({ reads }: ApiDeps, dagId: string, where: readonly Condition<DagRunField>[]) {
  const { rows, total } = await reads.listRuns(first(maxRuns, is("dagId", dagId), ...where));
  if (total > maxRuns)
    throw new AirloomError("BAD_REQUEST", {
      reason: `That would change ${total} runs of Dag "${dagId}"; ${maxRuns} can be changed at once. Narrow the dates.`,
    });
  return rows.map((row) => row.id).sort((a, b) => a - b);
}
