import { AirloomError } from "@airloom/core";

/**
 * The error of a Dag file that does not load.
 * @param reason What is wrong, naming ids.
 * @param hint What the author does about it.
 */
export function dagInvalid(reason: string, hint?: string): AirloomError {
  const data = { reason: reason.replace(/\.$/, "") };
  return new AirloomError("DAG_INVALID", hint === undefined ? data : { ...data, hint });
}

/** Refuses names that are not known, with the nearest one that is. */
export function checkNames(where: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const near = known.find((other) => isNear(other.toLowerCase(), name.toLowerCase()));
    throw dagInvalid(
      `${where} has no option \`${name}\``,
      near ? `Did you mean \`${near}\`?` : `It has: ${known.join(", ")}.`,
    );
  }
}

/** At most two letters apart at one place: enough for slips, cheap enough to try on all names. */
function isNear(a: string, b: string): boolean {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  return Math.max(a.length, b.length) - start - end <= 2;
}
