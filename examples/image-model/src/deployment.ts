import { z } from "zod";
import { type Evaluation, percent } from "./evaluation.ts";
import { modelFolder } from "./models.ts";
import type { Storage } from "./storage.ts";

/** The one object that says which version is served. Replacing it is the deployment; the endpoint looks at nothing else. */
export const pointerKey = "deployed.json";

const servedSchema = z.object({ version: z.string(), accuracy: z.number(), since: z.iso.datetime() });
const pointerSchema = servedSchema.extend({
  /** Which change wrote this (an idempotency key): a repeated change sees that it has happened. */
  change: z.string(),
  /** The version that a rollback took away. */
  rolledBackFrom: z.string().nullable(),
  /** What was served before, the latest first: where rollbacks go. */
  history: z.array(servedSchema),
});
export type Pointer = z.infer<typeof pointerSchema>;

/** Accuracies are shares, 0 to 1. */
export interface DeployRules {
  readonly minAccuracy: number;
  /** By how much the network must beat the linear baseline. */
  readonly minMargin: number;
  /** By how much it may fall behind the deployed model. */
  readonly tolerance: number;
}

export type Verdict = { readonly deploy: true } | { readonly deploy: false; readonly reason: string };

/** What was asked for, by whom (`change`, the same in every repetition), and when. */
export interface Change {
  readonly change: string;
  readonly now: Date;
}

export interface Deployed {
  readonly version: string;
  readonly previous: string | null;
}

const historyLength = 20;

/** May this model be deployed? Pure. The reason is a sentence for the log. */
export function judge(evaluation: Evaluation, rules: DeployRules): Verdict {
  const { accuracy, baseline, deployed } = evaluation;
  const refuse = (reason: string): Verdict => ({ deploy: false, reason });
  if (accuracy < rules.minAccuracy) {
    return refuse(`its accuracy of ${percent(accuracy)} is below the minimum of ${percent(rules.minAccuracy)}`);
  }
  if (accuracy - baseline < rules.minMargin) {
    return refuse(
      `${percent(accuracy)} is less than ${percent(rules.minMargin)} above the linear baseline of ${percent(baseline)}`,
    );
  }
  if (deployed !== null && accuracy < deployed.accuracy - rules.tolerance) {
    return refuse(
      `${percent(accuracy)} is worse than the deployed ${deployed.version} with ${percent(deployed.accuracy)}`,
    );
  }
  return { deploy: true };
}

/**
 * Step 6: swaps the pointer to `version`, unless another deployed meanwhile what this one is worse than. Already
 * deployed, or this very change done before: nothing happens.
 */
export function deploy(
  storage: Storage,
  model: { readonly version: string; readonly evaluation: Evaluation; readonly rules: DeployRules },
  change: Change,
): Promise<Deployed> {
  const { version, evaluation, rules } = model;
  return swapPointer(storage, version, (current) => {
    if (current?.change === change.change || current?.version === version) return "done";
    const deployed = current === undefined ? null : { version: current.version, accuracy: current.accuracy };
    // The evaluation measured the model served at that time; if it still is, its figure is the better one.
    const seen = evaluation.deployed?.version === deployed?.version ? evaluation.deployed : deployed;
    const verdict = judge({ ...evaluation, deployed: seen }, rules);
    if (!verdict.deploy) throw new Error(`${version} is not deployed: ${verdict.reason}`);
    const history = current === undefined ? [] : [toServed(current), ...current.history].slice(0, historyLength);
    const since = change.now.toISOString();
    return { version, accuracy: evaluation.accuracy, since, change: change.change, rolledBackFrom: null, history };
  });
}

/** Swaps the pointer back to what was served before. Throws when there is nothing before. */
export function rollback(storage: Storage, change: Change): Promise<Deployed> {
  return swapPointer(storage, undefined, (current) => {
    if (current === undefined)
      throw new Error("No model is deployed, so there is nothing to roll back; run image_model first.");
    if (current.change === change.change) return "done";
    const [target, ...history] = current.history;
    if (target === undefined)
      throw new Error(`${current.version} is the first model deployed; there is none before it.`);
    const since = change.now.toISOString();
    return { ...target, since, change: change.change, rolledBackFrom: current.version, history };
  });
}

/** The pointer with its etag; undefined while nothing was ever deployed. */
export async function readPointer(storage: Storage): Promise<{ pointer: Pointer; etag: string } | undefined> {
  const found = await storage.find(pointerKey);
  return found === undefined ? undefined : { pointer: parsePointer(found.body), etag: found.etag };
}

export const parsePointer = (body: Buffer): Pointer => pointerSchema.parse(JSON.parse(body.toString()));

/** Compare and set: reads the pointer, computes the next, writes it only over the one read, and otherwise looks again. */
async function swapPointer(
  storage: Storage,
  wanted: string | undefined,
  next: (current: Pointer | undefined) => Pointer | "done",
): Promise<Deployed> {
  for (let round = 0; round < 5; round++) {
    const current = await readPointer(storage);
    const pointer = next(current?.pointer);
    if (pointer === "done") return describe(current?.pointer, wanted);
    // A version whose files are gone must not be pointed at: the endpoint would have nothing to serve.
    if (!(await storage.exists(`${modelFolder(pointer.version)}/model.json`))) {
      throw new Error(`The files of the model ${pointer.version} are gone; upload it again before it is deployed.`);
    }
    const condition = current === undefined ? ({ ifAbsent: true } as const) : { ifMatch: current.etag };
    if (await storage.putIf(condition, pointerKey, JSON.stringify(pointer, null, 2))) return describe(pointer, wanted);
  }
  throw new Error(`${pointerKey} was changed by others five times in a row; try again.`);
}

function describe(pointer: Pointer | undefined, wanted: string | undefined): Deployed {
  if (pointer === undefined) throw new Error(`${wanted ?? "A model"} should be deployed, and nothing is.`);
  return { version: pointer.version, previous: pointer.rolledBackFrom ?? pointer.history[0]?.version ?? null };
}

const toServed = ({ version, accuracy, since }: Pointer) => ({ version, accuracy, since });
