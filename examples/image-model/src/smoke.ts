import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { mapConcurrently } from "./concurrency.ts";
import { loadManifest } from "./images.ts";
import type { StepOptions } from "./step.ts";
import type { Storage } from "./storage.ts";

export interface SmokeTest {
  /** Base URL of the model endpoint. */
  readonly endpoint: string;
  /** The version that must answer. */
  readonly version: string;
  /** Manifests of held-back images. */
  readonly manifests: readonly string[];
  /** How many of them to ask. */
  readonly images: number;
  /** The share of right answers that is enough, 0 to 1. */
  readonly minCorrect: number;
}

/** How long the endpoint may take to serve a version after the pointer was swapped, in milliseconds. */
const patience = 20_000;
const modelSchema = z.object({ version: z.string() });
const answerSchema = z.object({ digit: z.int(), version: z.string() });

/** Step 7: asks the endpoint held-back images over HTTP, as any client would, and counts the right answers. */
export async function smokeTest(storage: Storage, test: SmokeTest, { signal, log }: StepOptions): Promise<number> {
  await waitForVersion(test, signal);
  const manifests = await mapConcurrently(test.manifests, { limit: 4, signal }, (key) => loadManifest(storage, key));
  const all = manifests.flatMap((manifest) => manifest.images);
  const count = Math.min(test.images, all.length);
  const asked = all.filter(
    (_, index) => Math.floor((index * count) / all.length) !== Math.floor(((index - 1) * count) / all.length),
  );
  const right = await mapConcurrently(asked, { limit: 4, signal }, async ({ key, label }) => {
    const { body } = await storage.get(key);
    const answer = await ask(`${test.endpoint}/predict`, answerSchema, { body, signal });
    if (answer.version !== test.version) throw new Error(`${answer.version} answered, ${test.version} is deployed`);
    return answer.digit === label;
  });
  const correct = right.filter(Boolean).length;
  log(`${test.endpoint} serves ${test.version}: ${correct} of ${asked.length} held-back images right`);
  if (correct < test.minCorrect * asked.length) {
    throw new Error(
      `only ${correct} of ${asked.length} answers were right; roll back with the Dag image_model_rollback`,
    );
  }
  return correct / asked.length;
}

/** Returns when the endpoint serves the version, and throws when it does not do so in time. */
export async function waitForVersion(
  { endpoint, version }: Pick<SmokeTest, "endpoint" | "version">,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + patience;
  for (;;) {
    const seen = await ask(`${endpoint}/model`, modelSchema, { signal }).catch((error: unknown) => String(error));
    if (typeof seen === "object" && seen.version === version) return;
    if (performance.now() > deadline) {
      const what = typeof seen === "object" ? `it serves ${seen.version}` : seen;
      throw new Error(
        `${endpoint} does not serve ${version} after ${patience / 1_000} s: ${what}. Is it running (npm start)?`,
      );
    }
    await setTimeout(200, undefined, signal === undefined ? {} : { signal });
  }
}

interface Question {
  readonly body?: Buffer;
  readonly signal?: AbortSignal | undefined;
}

async function ask<T>(url: string, schema: z.ZodType<T>, { body, signal }: Question): Promise<T> {
  const limit = AbortSignal.timeout(10_000);
  const response = await fetch(url, {
    signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    ...(body === undefined
      ? {}
      : { method: "POST", headers: { "content-type": "image/png" }, body: Uint8Array.from(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 300)}`);
  return schema.parse(JSON.parse(text));
}
