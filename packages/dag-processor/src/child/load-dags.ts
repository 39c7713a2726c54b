import { pathToFileURL } from "node:url";
import { type Dag, evaluateDag, findDags } from "@airloom/sdk/runtime";
import type { LoadRequest } from "../protocol/messages.ts";
import { Refusal } from "./load-failure.ts";
import { makeWorlds } from "./shifted-world.ts";
import { findDifference } from "./spec-difference.ts";
import { importNoting } from "./top-of-file.ts";
import { noteBuiltins } from "./used-builtins.ts";

export interface LoadedDag {
  readonly dagId: string;
  readonly spec: unknown;
}

export interface LoadedFile {
  readonly dags: readonly LoadedDag[];
  /** Of the top of the file: see `importNoting`. */
  readonly chances: readonly number[] | null;
}

/**
 * Imports a bundled author file and writes down the Spec of each Dag it exports.
 * @throws Refusal, and whatever author code throws.
 */
export async function loadDags(request: LoadRequest): Promise<LoadedFile> {
  const replaced = noteBuiltins();
  const { href } = pathToFileURL(request.entry);
  const url = request.opposite ? `${href}?again` : href;
  // The build gives `await import(` its loader, and knows it by just these words.
  const { module, top } = await importNoting(async () => (await import(url)) as object, request.opposite);
  refuseReplaced(replaced());
  const dags = findDags(module);
  if (dags.length > request.maxDags) {
    throw new Refusal(
      "limit",
      `The file exports ${dags.length} Dags; at most ${request.maxDags} are allowed.`,
      "Split it into several files.",
    );
  }
  refuseDuplicates(dags);
  const specs = dags.map((dag) => ({ dagId: dag.id, spec: JSON.parse(specOf(dag, request.maxSpecBytes)) }));
  // A body may have done it, too.
  refuseReplaced(replaced());
  return { dags: specs, chances: top.chances };
}

function refuseReplaced(name: string | null): void {
  if (name === null) return;
  throw new Refusal(
    "spec",
    `The file replaces ${name}, with which Dags are read: what it exports cannot be told.`,
    "Leave built-in functions as they are at the top of the file and in Dag bodies.",
  );
}

function refuseDuplicates(dags: readonly Dag[]): void {
  const seen = new Set<string>();
  for (const { id } of dags) {
    if (seen.has(id)) {
      throw new Refusal("duplicate", `The file exports two Dags with the id "${id}".`, "Rename one of them.");
    }
    seen.add(id);
  }
}

function specOf(dag: Dag, maxBytes: number): string {
  const worlds = makeWorlds();
  const spec = JSON.stringify(worlds.first(() => evaluateDag(dag)).spec);
  const again = JSON.stringify(worlds.second(() => evaluateDag(dag)).spec);
  if (spec !== again) throw differs(dag.id, spec, again);
  const bytes = Buffer.byteLength(spec);
  if (bytes <= maxBytes) return spec;
  throw new Refusal(
    "limit",
    `The Spec of Dag "${dag.id}" has ${bytes} bytes; at most ${maxBytes} are allowed.`,
    "Pass large values between tasks or through storage, not as arguments in the Dag body; or split the Dag.",
  );
}

function differs(dagId: string, spec: string, again: string): Refusal {
  const path = findDifference(JSON.parse(spec), JSON.parse(again)) ?? "the order of its fields";
  return new Refusal(
    "nondeterministic",
    `Dag "${dagId}" is different each time it is evaluated: ${path} changed.`,
    "Its body must not use the clock, chance or the outside world. Read them in a task, or use `run.logicalDate`.",
  );
}
