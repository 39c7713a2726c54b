import { context, dag, task } from "airloom";

/** Stands for a service that answers at the third call. */
export function callService(tryNumber: number): string {
  if (tryNumber < 3) throw new Error(`the service is not there yet (try ${tryNumber})`);
  return `answered at try ${tryNumber}`;
}

// Any error lets a task be tried again, here after 1 s, then 2 s, then 4 s. With three retries there are four tries.
export const call = task("call_service", { retries: 3, retryDelay: "1s", retryBackoff: 2, maxRetryDelay: "10s" }, () =>
  callService(context().tryNumber),
);

// A try that takes longer than `timeout` is ended, and counts as a failure.
export const store = task("store_answer", { timeout: "30s" }, async (answer: string) => {
  const { log, signal } = context();
  signal.throwIfAborted(); // pass the signal to whatever waits: fetch(url, { signal })
  log.info("stored", { answer });
});

/** Fails twice, then works. */
export default dag("basics_retries", { description: "Fails twice, then works", tags: ["example", "basics"] }, () => {
  store(call());
});
