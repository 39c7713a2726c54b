import type { DagRunState } from "@airloom/core";
import type { DagRow, DagRunRow, NewDagRun, Store } from "@airloom/store";
import { publish } from "./publish.ts";
import { someId } from "./some-id.ts";

export interface RunGiven extends Partial<NewDagRun> {
  /** A Dag of its own if not given. */
  readonly dag?: DagRow;
  /** @default "running" */
  readonly state?: DagRunState;
}

/** What a request for a run looks like: manual, without dates, due long ago. */
export const someNewRun = (dag: DagRow, given: Partial<NewDagRun> = {}): NewDagRun => ({
  dagId: dag.dagId,
  runId: someId("run"),
  runType: "manual",
  versionId: dag.versionId,
  logicalDate: null,
  intervalStart: null,
  intervalEnd: null,
  runAfter: new Date("2020-01-01T00:00:00Z"),
  conf: {},
  triggeredBy: "test",
  triggeringUser: null,
  note: null,
  unfinished: 0,
  ...given,
});

const pathTo: Readonly<Record<DagRunState, readonly DagRunState[]>> = {
  queued: ["queued"],
  running: ["queued", "running"],
  success: ["queued", "running", "success"],
  failed: ["queued", "running", "failed"],
};

/** A run in a state, moved there as real ones are. */
export async function someRun(store: Store, given: RunGiven = {}): Promise<DagRunRow> {
  const { dag = await publish(store), state = "running", ...columns } = given;
  return store.tx(async (tx) => {
    let run = await tx.insertRun(someNewRun(dag, columns));
    const path = pathTo[state];
    for (const [position, to] of path.slice(1).entries()) {
      const from = path[position];
      if (run && from) run = await tx.moveRun({ runKey: run.id, from, to });
    }
    if (!run) throw new Error(`a run like this is there already: ${JSON.stringify(columns)}`);
    return run;
  });
}
