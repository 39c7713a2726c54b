import { AirloomError, type FailpointName, failpoint, type Service } from "@airloom/core";
import type { Store } from "@airloom/store";
import type { ExecutionContract } from "@airloom/wire";

/** What a worker and a dag-processor say to the control plane, with a failpoint on either side. */
export const executionWithFailpoints = (contract: ExecutionContract): ExecutionContract => ({
  ...contract,
  claim: async (request, signal) => {
    const reply = await sent("worker.claim.sent", contract.claim(request, signal));
    if (reply.workloads.length > 0) await failpoint("worker.claim.acked");
    return reply;
  },
  heartbeat: (request) => {
    const asking = contract.heartbeat(request);
    return request.attempts.length > 0 ? sent("worker.hb.sent", asking) : asking;
  },
  finish: async (request) => {
    const reply = await sent("worker.finish.sent", contract.finish(request));
    await failpoint("worker.finish.acked");
    return reply;
  },
  appendLogs: async (batch) => {
    const isLost = await failpoint("worker.log.flush");
    await contract.appendLogs(batch);
    if (isLost) throw lost("worker.log.flush");
  },
  publish: async (report) => {
    await failpoint("parser.store.before");
    const reply = await contract.publish(report);
    if (await failpoint("parser.store.after")) throw lost("parser.store.after");
    return reply;
  },
});

/** A question that is on its way. Its answer is lost once it is there: what was asked has been done. */
async function sent<T>(name: FailpointName, asking: Promise<T>): Promise<T> {
  asking.catch(() => {});
  const isLost = await failpoint(name);
  const reply = await asking;
  if (isLost) throw lost(name);
  return reply;
}

const lost = (name: FailpointName) =>
  new AirloomError("UNAVAILABLE", { reason: `failpoint ${name}: the answer is lost` });

/** Hints have a failpoint on either side; one whose reply is to be lost is not sent. */
export const storeWithFailpoints = <Kept extends Store>(store: Kept): Kept => ({
  ...store,
  hint: (topic) => {
    const hint = async (): Promise<void> => {
      if (await failpoint("sched.publish.before")) return;
      store.hint(topic);
      await failpoint("sched.publish.after");
    };
    // Hints may be lost: what fails here is one of those.
    hint().catch(() => {});
  },
});

/** A worker that is told to stop. */
export const workerWithFailpoints = (worker: Service): Service => ({
  name: worker.name,
  start: () => worker.start(),
  stop: async (reason) => {
    await failpoint("worker.drain");
    await worker.stop(reason);
  },
});
