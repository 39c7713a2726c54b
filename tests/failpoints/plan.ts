import { type FailpointAction, failpoints } from "@airloom/core";
import type { MemberName } from "./system.ts";
import type { WorkloadName } from "./workloads.ts";

/** A failpoint as the list of the core has it. */
export type PointName = keyof typeof failpoints;

/** One thing to try: one action at one failpoint, in one process, under one workload. */
export interface Planned {
  readonly point: PointName;
  readonly action: FailpointAction;
  readonly member: MemberName;
  readonly workload: WorkloadName;
  /** What is armed besides, in the same process, so that the point is reached. */
  readonly besides?: string;
  /** The action happens at one of the first so many times that the process comes by. */
  readonly within: number;
}

type Way = Omit<Planned, "point" | "action">;

const way = (member: MemberName, workload: WorkloadName, within = 1): Way => ({ member, workload, within });

const often = 4;

/** How each point is reached. Every point of the list has its place here, or this does not compile. */
const ways: Readonly<Record<PointName, Way>> = {
  "sched.dag.<id>": way("scheduler", "schedule", 3),
  "sched.run.create.before_commit": way("scheduler", "schedule", 3),
  "sched.run.create.after_commit": way("scheduler", "schedule", 3),
  "sched.ti.schedule.before_commit": way("scheduler", "fan-out", 2),
  "sched.ti.schedule.after_commit": way("scheduler", "fan-out", 2),
  "sched.enqueue.before_commit": way("scheduler", "fan-out", 2),
  "sched.enqueue.after_commit": way("scheduler", "fan-out", 2),
  "sched.publish.before": way("scheduler", "fan-out", 2),
  "sched.publish.after": way("scheduler", "fan-out", 2),
  "reaper.expire.before_commit": way("scheduler", "expire"),
  "reaper.expire.after_commit": way("scheduler", "expire"),
  "worker.claim.sent": way("worker-1", "fan-out", often),
  "worker.claim.acked": way("worker-1", "fan-out", 2),
  "worker.spawn": way("worker-1", "fan-out", 2),
  "worker.child.ready": way("worker-1", "fan-out", 2),
  "worker.hb.sent": way("worker-1", "slow-fan-out", often),
  "worker.result.received": way("worker-1", "fan-out", often),
  "worker.result.spooled": { ...way("worker-1", "fan-out"), besides: "worker.finish.sent=droprep*3" },
  "worker.finish.sent": way("worker-1", "fan-out", often),
  "worker.finish.acked": way("worker-1", "fan-out", often),
  "worker.log.flush": way("worker-1", "fan-out"),
  "worker.drain": way("worker-1", "drain"),
  "api.claim.before_commit": way("api", "fan-out", often),
  "api.claim.after_commit": way("api", "fan-out", often),
  "api.hb.before_commit": way("api", "slow-fan-out", often),
  "api.hb.after_commit": way("api", "slow-fan-out", often),
  "api.finish.before_commit": way("api", "fan-out", often),
  "api.finish.after_commit": way("api", "fan-out", often),
  "api.clear.before_commit": way("api", "clear"),
  "api.clear.after_commit": way("api", "clear"),
  "api.trigger.before_commit": way("api", "fan-out"),
  "api.trigger.after_commit": way("api", "fan-out"),
  "api.xcom.before_commit": way("api", "xcom"),
  "api.xcom.after_commit": way("api", "xcom"),
  "parser.start.before": way("dag-processor", "edit"),
  "parser.start.after": way("dag-processor", "edit"),
  "parser.frame.before": way("dag-processor", "edit"),
  "parser.frame.after": way("dag-processor", "edit"),
  "parser.store.before": way("dag-processor", "edit"),
  "parser.store.after": way("dag-processor", "edit"),
  "migrate.step.<n>.before_commit": way("migration", "migrate"),
  "migrate.step.<n>.after_commit": way("migration", "migrate"),
};

/** Everything there is to try, in the order of the list. */
export function planOf(only: {
  readonly points: readonly string[];
  readonly actions: readonly string[];
}): readonly Planned[] {
  return (Object.keys(failpoints) as PointName[])
    .filter((point) => only.points.length === 0 || only.points.includes(point))
    .flatMap((point) =>
      failpoints[point][0]
        .filter((action) => only.actions.length === 0 || only.actions.includes(action))
        .map((action) => ({ point, action, ...ways[point] })),
    );
}
