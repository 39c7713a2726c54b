import { setMaxListeners } from "node:events";
import { runNode } from "@airloom/sdk/runtime";
import type { Outcome, TaskWorkload, XComOutput } from "@airloom/wire";
import { markers } from "../protocol/messages.ts";
import { attemptHost, withLargeInputs } from "./attempt-host.ts";
import { type AttemptScope, current, makeScope, scopes } from "./attempt-scope.ts";
import type { Channel } from "./channel.ts";
import { failureOf, finishReport, safeOutcomeOf } from "./failure-report.ts";
import type { LoadedDag } from "./loaded-dag.ts";
import type { MappedStack } from "./source-position.ts";
import { ownTimers } from "./watch-timers.ts";

export interface AttemptParts {
  readonly channel: Channel;
  readonly dag: LoadedDag;
  readonly positions: (stack: string) => MappedStack;
  readonly signal: AbortSignal;
}

interface Ended {
  readonly outcome: Outcome;
  readonly xcoms: readonly XComOutput[];
}

/** Runs one attempt and reports its one outcome. The scope that comes back tells what it may have left behind. */
export async function runAttempt(workload: TaskWorkload, parts: AttemptParts): Promise<AttemptScope> {
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<Ended>((resolve) => {
    fail = (error) => resolve({ outcome: safeOutcomeOf(error), xcoms: [] });
  });
  const scope = makeScope(`${workload.taskInstanceId}:${workload.attempt}`, fail);
  current.attempt = scope;
  process.env[markers.attempt] = scope.marker;
  const ended = await Promise.race([scopes.run(scope, () => perform(workload, parts, scope)), failed]);
  scope.over = true;
  scope.failed = ended.outcome.kind === "failed";
  await outputWritten();
  report(ended, parts);
  return scope;
}

async function perform(workload: TaskWorkload, parts: AttemptParts, scope: AttemptScope): Promise<Ended> {
  const { channel, dag, signal } = parts;
  const node = dag.get(workload.task.id);
  if (!node) return { outcome: missingNode(workload), xcoms: [] };
  // Every use of the signal may listen to it; how many there are is the author's business.
  setMaxListeners(0, signal);
  try {
    const complete = await withLargeInputs(workload, channel);
    return await runNode({ node, workload: complete, host: attemptHost({ channel, scope, signal }) });
  } catch (thrown) {
    return { outcome: safeOutcomeOf(thrown), xcoms: [] };
  }
}

function missingNode({ task, dagId }: TaskWorkload): Outcome {
  const message = `The code of Dag "${dagId}" that was loaded has no task "${task.id}". The Dag file makes its tasks from something that differs between machines, such as the environment, a file or the clock.`;
  return { kind: "failed", error: failureOf({ name: "MissingTask", message }), retry: false };
}

function report({ outcome, xcoms }: Ended, { channel, positions }: AttemptParts): void {
  const told = outcome.kind === "failed" ? { ...outcome, error: finishReport(outcome.error, positions) } : outcome;
  try {
    channel.send({ kind: "outcome", outcome: told, xcoms });
  } catch (error) {
    // A message that cannot be packed: too large even for the channel.
    const refused = safeOutcomeOf(error);
    channel.send({ kind: "outcome", outcome: refused, xcoms: [] });
  }
}

const longestDrainMs = 1_000;

/** What was printed leaves before the outcome, so that it is known whose it is. */
async function outputWritten(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writableLength === 0) continue;
    await new Promise<void>((resolve) => {
      const timer = ownTimers.setTimeout(resolve, longestDrainMs);
      stream.write("", () => {
        ownTimers.clearTimeout(timer);
        resolve();
      });
    });
  }
}
