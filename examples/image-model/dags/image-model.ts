import { createHash } from "node:crypto";
import { branch, context, dag, task } from "airloom";
import { z } from "zod";
import { findDataFolder, planShards, type Shard } from "../src/data-set.ts";
import { type DeployRules, deploy, judge, rollback } from "../src/deployment.ts";
import type { EpochSettings } from "../src/epoch.ts";
import { evaluate } from "../src/evaluate.ts";
import type { Evaluation } from "../src/evaluation.ts";
import { type PreparedShard, prepareShard } from "../src/features.ts";
import { type PublishedShard, publishShard } from "../src/images.ts";
import { uploadModel } from "../src/models.ts";
import { readSettings } from "../src/settings.ts";
import { smokeTest, waitForVersion } from "../src/smoke.ts";
import type { StepOptions } from "../src/step.ts";
import { type Storage, withStorage } from "../src/storage.ts";
import { type Trained, train } from "../src/train.ts";

/** Runs one step with the storage open, the task's log, and the signal that ends it. */
function inStorage<T>(use: (storage: Storage, options: StepOptions) => Promise<T>): Promise<T> {
  const { log, signal } = context();
  return withStorage(readSettings().storage, (storage) => use(storage, { signal, log: (line) => log.info(line) }));
}

const keysOf = (prepared: readonly PreparedShard[], split: Shard["split"]): string[] =>
  prepared.filter((shard) => shard.split === split).map((shard) => shard.key);

const planImages = task("plan", (counts: { train: number; "held-back": number }) =>
  inStorage(async (storage) => {
    await storage.ensureBucket();
    return planShards(counts, 1_000);
  }),
);

const publishImages = task("publish", (shard: Shard) =>
  inStorage((storage, options) => publishShard(storage, { shard, dataFolder: findDataFolder() }, options)),
);

const prepareImages = task("prepare", (shard: PublishedShard) =>
  inStorage((storage, options) => prepareShard(storage, shard.manifest, options)),
);

const trainNetwork = task("train", { timeout: "15m" }, (prepared: PreparedShard[], settings: EpochSettings) =>
  inStorage((storage, options) => {
    // The key is the same in every try of this task and another after it was cleared: a retry finds its checkpoint.
    const attemptOf = createHash("sha256").update(context().idempotencyKey).digest("hex").slice(0, 16);
    const training = { features: keysOf(prepared, "train"), settings, folder: `training/${attemptOf}` };
    return train(storage, training, options);
  }),
);

const evaluateModel = task("evaluate", (trained: Trained, prepared: PreparedShard[]) =>
  inStorage((storage, options) => {
    const [trainKeys, heldBack] = [keysOf(prepared, "train"), keysOf(prepared, "held-back")];
    return evaluate(storage, { candidate: trained.candidate, train: trainKeys, heldBack }, options);
  }),
);

const upload = task("upload", (trained: Trained, evaluation: Evaluation) =>
  inStorage((storage) => uploadModel(storage, trained.candidate, evaluation)),
);

const deployModel = task("deploy", (version: string, evaluation: Evaluation, rules: DeployRules) =>
  inStorage(async (storage, { log }) => {
    const change = { change: context().idempotencyKey, now: new Date() };
    const deployed = await deploy(storage, { version, evaluation, rules }, change);
    log(`deployed.json points to ${deployed.version}, after ${deployed.previous ?? "no other"}`);
    return deployed.version;
  }),
);

const smokeTestEndpoint = task("smoke", (version: string, published: PublishedShard[]) =>
  inStorage((storage, options) => {
    const manifests = published.filter((shard) => shard.split === "held-back").map((shard) => shard.manifest);
    const test = { endpoint: readSettings().modelEndpoint, version, manifests, images: 50, minCorrect: 0.9 };
    return smokeTest(storage, test, options);
  }),
);

const refuse = task("refuse", (version: string, evaluation: Evaluation, rules: DeployRules) => {
  const verdict = judge(evaluation, rules);
  context().log.warn(`${version} is not deployed: ${verdict.deploy ? "the rules changed meanwhile" : verdict.reason}`);
});

const share = () => z.number().min(0).max(1);
const params = z.object({
  trainImages: z.int().min(100).max(60_000).default(6_000).describe("Images to train on"),
  heldBackImages: z
    .int()
    .min(100)
    .max(10_000)
    .default(2_000)
    .describe("Images to evaluate on; training never sees them"),
  epochs: z.int().min(1).max(100).default(8).describe("Times that training goes through all images"),
  learningRate: z.number().positive().max(1).default(0.003).describe("Step size of the first epoch"),
  seed: z.int().min(0).max(1_000_000).default(1).describe("The same seed gives the same model"),
  minAccuracy: share().default(0.94).describe("A model below is not deployed"),
  minMargin: share().default(0.03).describe("By how much a model must beat the linear baseline"),
  tolerance: share().default(0.002).describe("By how much a model may fall behind the deployed one"),
});

/** Puts labelled images into object storage, trains a network on them, and deploys it if it is good enough. */
export const imageModel = dag(
  "image_model",
  {
    description: "Images → features → network → evaluation → deployment behind an HTTP endpoint",
    tags: ["example", "machine-learning"],
    // Two runs at once would compete for the one deployed model (and for two cores).
    maxActiveRuns: 1,
    params,
    taskDefaults: { retries: 3, retryDelay: "5s" },
  },
  (scope) => {
    const given = scope.params;
    const rules = { minAccuracy: given.minAccuracy, minMargin: given.minMargin, tolerance: given.tolerance };
    const { epochs, learningRate, seed } = given;
    const shards = planImages({ train: given.trainImages, "held-back": given.heldBackImages });
    const published = publishImages.expand(shards);
    const prepared = prepareImages.expand(published);
    const trained = trainNetwork(prepared, { epochs, learningRate, seed, batchSize: 32 });
    const evaluation = evaluateModel(trained, prepared);
    const version = upload(trained, evaluation);
    const decide = branch(
      "decide",
      {
        deploy: () => smokeTestEndpoint(deployModel(version, evaluation, rules), published),
        refuse: () => refuse(version, evaluation, rules),
      },
      (measured: Evaluation, of: DeployRules) => (judge(measured, of).deploy ? "deploy" : "refuse"),
    );
    decide(evaluation, rules);
  },
);

const rollBack = task("rollback", () =>
  inStorage(async (storage, { log }) => {
    const { version, previous } = await rollback(storage, { change: context().idempotencyKey, now: new Date() });
    log(`deployed.json points back to ${version}, away from ${previous}`);
    return version;
  }),
);

const confirmServed = task("confirm", async (version: string) => {
  const { signal, log } = context();
  await waitForVersion({ endpoint: readSettings().modelEndpoint, version }, signal);
  log.info(`${readSettings().modelEndpoint} serves ${version}`);
});

/** Swaps the pointer back to the model that was deployed before. */
export const imageModelRollback = dag(
  "image_model_rollback",
  {
    description: "Serve the model again that was deployed before the present one",
    tags: ["example", "machine-learning"],
    maxActiveRuns: 1,
    taskDefaults: { retries: 3, retryDelay: "5s" },
  },
  () => {
    confirmServed(rollBack());
  },
);
