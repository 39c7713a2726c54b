import type { TaskInstanceState } from "../states/task-instance-state.ts";
import { heldWords, settleWords, stateWords, type Words, waitWords } from "./explain-words.ts";
import type { ExplainFacts, Explanation } from "./explanation.ts";
import type { HeldCode, Verdict } from "./verdict.ts";

/** What is to be explained: what readiness said, what admission said, or the state itself (with the code of its last move). */
export type ExplainSubject =
  | { readonly kind: "verdict"; readonly verdict: Exclude<Verdict, { kind: "pass" }> }
  | { readonly kind: "held"; readonly code: HeldCode }
  | { readonly kind: "state"; readonly state: TaskInstanceState; readonly code?: string | null };

/**
 * The words for a decision: the one place that has them, for `airloom explain`, the API and the UI.
 * @example explain({ kind: "held", code: "pool_full" }, { pool: { name: "warehouse", slots: 4, used: 4, wanted: 1 } }).title
 *          // "Waiting for a slot of pool warehouse"
 */
export function explain(subject: ExplainSubject, facts: ExplainFacts = {}): Explanation {
  const { code, words } = wordsFor(subject);
  if (subject.kind !== "verdict") return { code, ...words(facts, "") };
  const { verdict } = subject;
  const due = verdict.kind === "wait" && verdict.until ? { nextDueAt: verdict.until } : {};
  return { code, ...words({ ...facts, ...due }, verdict.detail ?? "") };
}

function wordsFor(subject: ExplainSubject): { readonly code: string; readonly words: Words } {
  if (subject.kind === "held") return { code: subject.code, words: heldWords[subject.code] };
  if (subject.kind === "state") return { code: subject.code ?? subject.state, words: wordsForState(subject) };
  const { verdict } = subject;
  const words = verdict.kind === "wait" ? waitWords[verdict.code] : settleWords[verdict.code];
  return { code: verdict.code, words };
}

/** A settled instance is explained by why it was settled, when that is known. */
function wordsForState({ state, code }: { readonly state: TaskInstanceState; readonly code?: string | null }): Words {
  const known: Readonly<Record<string, Words>> = settleWords;
  return (code && Object.hasOwn(known, code) ? known[code] : undefined) ?? stateWords[state];
}
