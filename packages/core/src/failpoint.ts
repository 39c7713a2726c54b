import type { FailpointName } from "./failpoint-list.ts";

declare global {
  /**
   * Whether this build has failpoints. The build replaces it by `true` or `false`, so that of `if (globalThis.FAILPOINTS) …` nothing
   * is left in a release; where nothing replaces it, there are none.
   */
  var FAILPOINTS: boolean | undefined;
}

/** What the process does when it comes by. True: the reply of what is going on there has to be lost. @throws what is to fail there */
export type ReachFailpoint = (name: FailpointName) => Promise<boolean>;

const installed: { reach: ReachFailpoint | null } = { reach: null };

/** Done once, by the process's shell. */
export function installFailpoints(reach: ReachFailpoint): void {
  installed.reach = reach;
}

/**
 * A place at which a test can make this process crash, fail, wait, or lose a reply.
 * @returns whether the reply is to be lost.
 * @example if (globalThis.FAILPOINTS) await failpoint("worker.spawn");
 */
export async function failpoint(name: FailpointName): Promise<boolean> {
  return (await installed.reach?.(name)) ?? false;
}

type CommitName<Name> = Name extends `${infer Start}.before_commit` ? Start : never;

/** Transactions that have a failpoint on either side of their commit. */
export type CommitPoint = Exclude<CommitName<FailpointName>, `migrate.${string}`>;

const commitPoints = new WeakMap<object, Set<CommitPoint>>();

/** Names the transaction that goes on: whoever commits it comes by `<name>.before_commit` and `<name>.after_commit`. */
export function commitPoint(tx: object, name: CommitPoint): void {
  commitPoints.set(tx, new Set(commitPoints.get(tx)).add(name));
}

export const commitPointsOf = (tx: object): readonly CommitPoint[] => [...(commitPoints.get(tx) ?? [])];

/** The work was done; who asked for it must not hear so. */
export class ReplyLost extends Error {
  constructor(name: FailpointName) {
    super(`Connection terminated by failpoint ${name}`);
  }
}

/** Whether an error, or what caused it, is such a loss. */
export function isReplyLost(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) if (one instanceof ReplyLost) return true;
  return false;
}
