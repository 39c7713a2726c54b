/** What can be made to happen at a failpoint. */
export type FailpointAction = "crash" | "error" | "sleep" | "droprep";

/** The actions that say something there, and the moment in words; of a commit, what it commits. */
type FailpointEntry = readonly [actions: readonly FailpointAction[], when: string];

const crash = ["crash", "sleep"] as const;
const failing = ["crash", "error", "sleep"] as const;
const all = ["crash", "error", "sleep", "droprep"] as const;

/** Every failpoint, in the order of a run's life. `<id>` and `<n>` stand for what the code fills in. */
export const failpoints = {
  "sched.dag.<id>": [failing, "the scheduler turns to a Dag whose next run is due"],
  "sched.run.create.before_commit": [all, "the scheduler makes a run and moves the Dag's cursor"],
  "sched.run.create.after_commit": [all, "the scheduler makes a run and moves the Dag's cursor"],
  "sched.ti.schedule.before_commit": [all, "task instances become scheduled"],
  "sched.ti.schedule.after_commit": [all, "task instances become scheduled"],
  "sched.enqueue.before_commit": [all, "task instances become queued"],
  "sched.enqueue.after_commit": [all, "task instances become queued"],
  "sched.publish.before": [all, "a hint is about to be sent"],
  "sched.publish.after": [failing, "a hint was sent"],
  "reaper.expire.before_commit": [all, "an attempt whose lease and grace are over is given up"],
  "reaper.expire.after_commit": [all, "an attempt whose lease and grace are over is given up"],
  "worker.claim.sent": [all, "a worker has asked for work and waits for the answer"],
  "worker.claim.acked": [failing, "work has come, none of it has begun"],
  "worker.spawn": [failing, "a task child was started and is not ready"],
  "worker.child.ready": [failing, "a task child is ready and has no work"],
  "worker.hb.sent": [all, "a heartbeat was sent and is not answered"],
  "worker.result.received": [crash, "the child has told its outcome, nobody else has"],
  "worker.result.spooled": [failing, "the outcome is on disk"],
  "worker.finish.sent": [all, "the outcome was sent and is not answered"],
  "worker.finish.acked": [failing, "the control plane's answer to an outcome has come"],
  "worker.log.flush": [all, "a batch of log lines is about to be sent"],
  "worker.drain": [crash, "a worker was told to stop"],
  "api.claim.before_commit": [all, "a worker's claim"],
  "api.claim.after_commit": [all, "a worker's claim"],
  "api.hb.before_commit": [all, "a heartbeat with leases"],
  "api.hb.after_commit": [all, "a heartbeat with leases"],
  "api.finish.before_commit": [all, "outcomes and all that follows from them"],
  "api.finish.after_commit": [all, "outcomes and all that follows from them"],
  "api.clear.before_commit": [all, "a user clears tasks"],
  "api.clear.after_commit": [all, "a user clears tasks"],
  "api.trigger.before_commit": [all, "a user triggers a run"],
  "api.trigger.after_commit": [all, "a user triggers a run"],
  "api.xcom.before_commit": [all, "a task or a user writes a value"],
  "api.xcom.after_commit": [all, "a task or a user writes a value"],
  "parser.start.before": [failing, "a process that loads Dag files is about to be started"],
  "parser.start.after": [crash, "a process that loads Dag files is ready"],
  "parser.frame.before": [crash, "a Dag file is about to be given to its process"],
  "parser.frame.after": [crash, "the process has said what is in a Dag file"],
  "parser.store.before": [failing, "what is in a Dag file is about to be published"],
  "parser.store.after": [all, "what is in a Dag file was published"],
  "migrate.step.<n>.before_commit": [all, "migration n"],
  "migrate.step.<n>.after_commit": [all, "migration n"],
} as const satisfies Readonly<Record<string, FailpointEntry>>;

export type ListedFailpoint = keyof typeof failpoints;

/** Those of parts that are yet to come. They are named so that nobody takes them for passed. */
export const failpointsToCome = [
  "worker.msg.acked",
  "trigger.{lease,fire,resume}.{before,after}_commit",
  "outbox.send.{before,after}",
] as const;

type Filled<Name extends string> = Name extends `${infer Start}<id>`
  ? `${Start}${string}`
  : Name extends `${infer Start}<n>${infer End}`
    ? `${Start}${number}${End}`
    : Name;

/** A failpoint as it is met: `sched.dag.daily_orders`. */
export type FailpointName = Filled<ListedFailpoint>;

/** The entry a name stands under; null when there is none. @example listedFailpoint("migrate.step.2.before_commit") */
export function listedFailpoint(name: string): ListedFailpoint | null {
  const general = name
    .replace(/^sched\.dag\.[^<].*$/, "sched.dag.<id>")
    .replace(/^migrate\.step\.\d+\./, "migrate.step.<n>.");
  return Object.hasOwn(failpoints, general) ? (general as ListedFailpoint) : null;
}
