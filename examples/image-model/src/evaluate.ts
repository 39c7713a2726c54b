import { fitLinear, scoreLinear } from "./baseline.ts";
import { readPointer } from "./deployment.ts";
import { type Evaluation, percent } from "./evaluation.ts";
import { type Examples, loadExamples } from "./features.ts";
import { fromModelFiles, getModelFiles } from "./model-files.ts";
import { modelFolder } from "./models.ts";
import { accuracy, digits, likeliest, predict } from "./network.ts";
import type { StepOptions } from "./step.ts";
import type { Storage } from "./storage.ts";

/** Step 4: the candidate, a linear baseline and the deployed model on the same held-back images. */
export async function evaluate(
  storage: Storage,
  given: { readonly candidate: string; readonly train: readonly string[]; readonly heldBack: readonly string[] },
  { signal, log }: StepOptions,
): Promise<Evaluation> {
  const heldBack = await loadExamples(storage, given.heldBack);
  const answers = await answersOf(storage, given.candidate, heldBack);
  signal?.throwIfAborted();
  const linear = fitLinear(await loadExamples(storage, given.train));
  const baseline = accuracy(likeliest(scoreLinear(linear, heldBack.features)), heldBack.labels);
  signal?.throwIfAborted();
  const evaluation = {
    images: heldBack.count,
    accuracy: accuracy(answers, heldBack.labels),
    baseline,
    perDigit: perDigit(answers, heldBack.labels),
    deployed: await evaluateDeployed(storage, heldBack),
  };
  for (const line of describe(evaluation)) log(line);
  return evaluation;
}

async function answersOf(storage: Storage, folder: string, { features }: Examples): Promise<Uint8Array> {
  const network = await fromModelFiles(await getModelFiles(storage, folder));
  const answers = likeliest(predict(network, features));
  network.dispose();
  return answers;
}

async function evaluateDeployed(storage: Storage, heldBack: Examples): Promise<Evaluation["deployed"]> {
  const version = (await readPointer(storage))?.pointer.version;
  if (version === undefined) return null;
  return { version, accuracy: accuracy(await answersOf(storage, modelFolder(version), heldBack), heldBack.labels) };
}

function perDigit(answers: Uint8Array, labels: Uint8Array): number[] {
  return Array.from({ length: digits }, (_, digit) => {
    const of = labels.filter((label) => label === digit).length;
    const right = labels.filter((label, index) => label === digit && answers[index] === digit).length;
    return of === 0 ? 0 : right / of;
  });
}

function describe(evaluation: Evaluation): string[] {
  const { deployed } = evaluation;
  const points = (evaluation.accuracy - evaluation.baseline) * 100;
  return [
    `on ${evaluation.images} held-back images: network ${percent(evaluation.accuracy)}, linear baseline ${percent(evaluation.baseline)} (${points >= 0 ? "+" : ""}${points.toFixed(2)} points)`,
    `per digit: ${evaluation.perDigit.map((share, digit) => `${digit} ${percent(share)}`).join(", ")}`,
    deployed === null ? "no model is deployed yet" : `deployed ${deployed.version}: ${percent(deployed.accuracy)}`,
  ];
}
