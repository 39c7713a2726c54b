/**
 * Edits of core, `runs`, the scheduler's loops, the execution contract and the worker, each of which the simulator must notice
 * (`npm run planted -- --kind sim`). `find` stands exactly once in `file`.
 */
const core = "packages/core/src/scheduling";
const runs = "packages/runs/src";
const execution = "packages/api/src/execution";
const supervisor = "packages/task-runner/src/supervisor";

export const planted = [
  {
    id: "one-retry-too-few",
    file: `${core}/finish.ts`,
    find: "task.retries > 0 && tryNumber <= maxTries",
    replace: "task.retries > 0 && tryNumber < maxTries",
    why: "The last retry that a task may have is never made.",
  },
  {
    id: "losses-never-counted",
    file: `${core}/finish.ts`,
    find: "const losses = attempt.losses + 1;",
    replace: "const losses = attempt.losses;",
    why: "A task that takes its worker down with it is handed out for ever.",
  },
  {
    id: "loss-repeats-what-must-not-run-twice",
    file: `${core}/finish.ts`,
    find: 'if (attempt.task.onLost === "fail")',
    replace: 'if (attempt.task.onLost === "fail" && attempt.losses > 0)',
    why: "A task that must not run twice is handed out again after its first loss.",
  },
  {
    id: "rule-forgets-upstream-failed",
    file: `${core}/trigger-rule.ts`,
    find: "none_failed: (up) => (up.fail ? upstreamFailed(up) : passWhenDone(up)),",
    replace: "none_failed: (up) => (up.failed ? upstreamFailed(up) : passWhenDone(up)),",
    why: "none_failed runs a task whose upstream could not run.",
  },
  {
    id: "restart-does-not-wait",
    file: `${core}/readiness.ts`,
    find: "  if (!instance.leaseUntil) return pass;",
    replace: '  if (!instance.leaseUntil || instance.state === "restarting") return pass;',
    why: "A cleared running task starts anew while its old attempt may be alive.",
  },
  {
    id: "pool-slots-not-added",
    file: `${core}/admission.ts`,
    find: "used(pools, pool) + poolSlots > slotsOf(capacity.pools, pool)",
    replace: "used(pools, pool) >= slotsOf(capacity.pools, pool)",
    why: "A task that needs two slots of a pool is let in when there is one.",
  },
  {
    id: "list-one-too-short",
    file: `${core}/advance-pass.ts`,
    find: "    this.#expansions.push({ instance, have, length, to });\n    const added = length - have;",
    replace: "    this.#expansions.push({ instance, have, length: length - 1, to });\n    const added = length - have;",
    why: "A mapped task lacks its last instance, and what waits for it counts it all the same.",
  },
  {
    id: "count-before-lock",
    file: `${runs}/admit.ts`,
    find: "    tx.lockExecutors(names.executors, { wait }),\n    tx.lockPools(names.pools, { wait }),\n    tx.lockDags(names.dagIds, { wait }),\n    wait ? tx.lockRuns(names.runKeys) : undefined,\n    tx.countLiveSlots(names),",
    replace:
      "    ...((live) => [\n      tx.lockExecutors(names.executors, { wait }),\n      tx.lockPools(names.pools, { wait }),\n      tx.lockDags(names.dagIds, { wait }),\n      wait ? tx.lockRuns(names.runKeys) : undefined,\n      live,\n    ])(tx.countLiveSlots(names)),",
    why: "Slots are counted before the limiter rows are locked: two admissions count the same room.",
  },
  {
    id: "finish-without-fence",
    file: `${runs}/finish.ts`,
    find: "      attempt: finish.attempt,\n      to: decided.to,\n      tokenHash: finish.tokenHash,",
    replace: "      attempt: instance.attempt,\n      to: decided.to,",
    why: "A stale finish ends whatever attempt there is now.",
  },
  {
    id: "finish-counts-nothing",
    file: `${runs}/finish.ts`,
    find: "    deltas.length > 0 ? tx.addTallies(run.id, deltas) : undefined,\n    settled.length > 0",
    replace: "    settled.length > 0",
    why: "What waits for the finished task never learns that it finished.",
  },
  {
    id: "one-run-too-many",
    file: `${runs}/start-runs.ts`,
    find: "running >= dag.maxActiveRuns) return",
    replace: "running > dag.maxActiveRuns) return",
    why: "A new run starts although its Dag runs as many as it may.",
  },
  {
    id: "started-runs-not-counted",
    file: `${runs}/start-runs.ts`,
    find: "      open.set(run.dagId, room - 1);\n",
    replace: "",
    why: "Several queued runs of one Dag start in one pass, whatever its limit.",
  },
  {
    id: "ended-wakes-nobody",
    file: `${runs}/leases.ts`,
    find: '    tx.wakeRuns([...new Set(ended.map((row) => row.runKey))], "lease_ended"),\n',
    replace: "",
    why: "A cleared task whose old attempt is dead is never looked at again.",
  },
  {
    id: "past-wakes-nobody",
    file: `${runs}/wake-dependents.ts`,
    find: "  void tx.wakeOtherRuns(run.dagId, run.id, reason);\n",
    replace: "",
    why: "Tasks that depend on the past wait for ever.",
  },
  {
    id: "wakeups-taken-before-the-commit",
    file: `${runs}/advance-runs.ts`,
    find: "only === null ? tx.takeWakeups(limit) : [only];",
    replace: "only === null ? deps.store.tx((own) => own.takeWakeups(limit)) : [only];",
    why: "Wake-ups are acknowledged before what they ask for is done: a crash between them loses it.",
  },
  {
    id: "clear-does-not-count-anew",
    file: `${runs}/clear.ts`,
    find: "    tx.recountRun(run.id, { tasks: edges.map(([task]) => task), upstreams: edges.map(([, upstream]) => upstream) }),\n",
    replace: "",
    why: "After a clear the run still counts the cleared tasks as finished.",
  },
  {
    id: "time-out-drops-leases",
    file: `${runs}/stop-run.ts`,
    find: "set: { code, nextDueAt: null, dropLease: false }",
    replace: "set: { code, nextDueAt: null }",
    why: "An attempt that a time-out or a mark ended is forgotten while it is alive.",
  },
  {
    id: "living-workers-released",
    file: `${runs}/leases.ts`,
    find: ".filter((worker) => worker.bootId === host.bootId && isDead(worker))",
    replace: ".filter((worker) => worker.bootId === host.bootId)",
    why: "A worker that comes up takes the attempts of its living neighbours on the machine.",
  },
  {
    id: "cursor-before-the-run",
    file: "packages/scheduler/src/create-due-runs.ts",
    find: `      const created = await deps.store.tx(async (tx) => {
        if (known.has(dagId)) void tx.deleteQuarantine({ dagId, runKey: null });
        return createDueRun(tx, deps, dagId);
      });`,
    replace: `      let planned = null;
      await deps.store.tx(async (tx) => {
        const dag = await tx.findDag(dagId);
        planned = dag;
        const version = dag && (await deps.versions.load(tx, dag.versionId));
        if (dag?.nextRun)
          await tx.setCursor(dagId, { nextRun: nextRunOf(version, dag.nextRun, tx.now), lastRun: dag.nextRun });
      });
      const created = await deps.store.tx((tx) =>
        createDueRun(Object.assign(Object.create(tx), { now: tx.now, findDag: async () => planned }), deps, dagId),
      );`,
    why: "The cursor moves in a transaction of its own before the run is made: a crash between them loses the run.",
  },
  {
    id: "loop-that-never-polls",
    file: "packages/scheduler/src/loop.ts",
    find: "  return due === null || due <= 0 ? longest : Math.min(due, longest);",
    replace: "  return due === null || due <= 0 ? 1_000 * longest : due;",
    why: "A hint that was lost is a stranded run: nobody looks without one.",
  },
  {
    id: "release-of-any-attempt",
    file: `${execution}/finish-attempt.ts`,
    find: "instance?.attempt === ref.attempt && instance.tokenHash === hashToken(ref.token)",
    replace: "instance?.tokenHash",
    why: "A worker that gives back an old attempt takes the new one from whoever runs it.",
  },
  {
    id: "ended-before-dead",
    file: `${supervisor}/worker-service.ts`,
    find: "        ended: (why, reason) => attempt.stop(why, reason),",
    replace:
      '        ended: (why, reason) => {\n          attempt.stop(why, reason);\n          if (why === "cancel") void this.#ended(attempt);\n        },',
    why: "A cancelled attempt is said to be dead while its child is still ending.",
  },
];
