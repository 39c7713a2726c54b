import type { Tx } from "@airloom/store";

/** The few things that random operations are about: small enough that they meet often. */
export const dagIds = ["agree_a", "agree_b"] as const;
export const runIds = ["r0", "r1", "r2"] as const;
export const taskIds = ["t0", "t1", "t2"] as const;
export const poolNames = ["agree_pool_a", "agree_pool_b"] as const;
export const files = ["agree/a.ts", "agree/b.ts"] as const;
export const queues = ["agree_q0", "agree_q1"] as const;
export const tokens = ["token_0", "token_1", "token_2"] as const;

export type RunPlace = { readonly dag: number; readonly run: number };
export type InstancePlace = RunPlace & { readonly task: number };

/** A run's instances have ids that both stores share; the keys of runs are each store's own. */
export class World {
  readonly #keys = new Map<string, number>();
  readonly #names = new Map<number, string>();

  keyOf(place: RunPlace): number {
    return this.#keys.get(nameOf(place)) ?? -1;
  }

  nameOfKey(key: number): string {
    return this.#names.get(key) ?? `unknown run`;
  }

  /** A run of this name was inserted, if only for a while: later ones of the same name take over. */
  remember(place: RunPlace, key: number): void {
    this.#keys.set(nameOf(place), key);
    this.#names.set(key, nameOf(place));
  }
}

export const dagOf = ({ dag }: { readonly dag: number }): string => dagIds[dag] ?? dagIds[0];
export const runOf = ({ run }: { readonly run: number }): string => runIds[run] ?? runIds[0];
export const taskOf = ({ task }: { readonly task: number }): string => taskIds[task] ?? taskIds[0];
const nameOf = (place: RunPlace): string => `${dagOf(place)}/${runOf(place)}`;
export const instanceIdOf = (place: InstancePlace): string => `agree/${nameOf(place)}/${taskOf(place)}`;

/** No two instances are equally urgent: ties go by time, and each store has its own clock. */
export const priorityOf = ({ dag, run, task }: InstancePlace): number => dag * 100 + run * 10 + task;

/** Back to an empty world, so that a failing sequence stands for itself. */
export async function empty(tx: Tx): Promise<void> {
  for (const dagId of dagIds) await tx.deleteDag(dagId);
  for (const name of poolNames) await tx.deletePool(name);
  await tx.takeWakeups(1_000_000);
  for (const file of files) await tx.putDagFile({ file, sourceHash: "", artifactId: null, source: "", seconds: 0 });
}
