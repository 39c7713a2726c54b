import { AirloomError, type Json } from "@airloom/core";
import { fromBase64, toBase64 } from "./base64.ts";
import { bytesOf } from "./binary-kind.ts";
import { reviveTagged } from "./from-tagged.ts";
import { type TaggedForm, walkToTagged } from "./to-tagged.ts";

/** Strings that PostgreSQL's `jsonb` refuses: a NUL, or half of a surrogate pair (under `u` a pair is one character, so only halves match). */
const refusedByJsonb = /[\0\p{Surrogate}]/u;

const specForm: TaggedForm = {
  binary: (value) => toBase64(bytesOf(value)),
  allowsString: (value) => !refusedByJsonb.test(value),
};

/**
 * A value as JSON that `fromTagged` turns back exactly: the form of constants in a Spec. Small values only: binary data is base64.
 * @throws AirloomError VALUE_UNSERIALIZABLE
 * @example toTagged({ day: new Date(0) }) // { day: { $: ["date", "1970-01-01T00:00:00.000Z"] } }
 */
export const toTagged = (value: unknown): Json => walkToTagged(value, specForm);

/**
 * The value that `toTagged` wrote; the JSON is left as it is.
 * @throws AirloomError VALUE_CORRUPT
 */
export function fromTagged(json: Json): unknown {
  try {
    return reviveTagged(JSON.parse(JSON.stringify(json)), readBase64);
  } catch (cause) {
    throw cause instanceof AirloomError
      ? cause
      : new AirloomError("VALUE_CORRUPT", { reason: String(cause) }, { cause });
  }
}

function readBase64(written: unknown): Uint8Array | null {
  return typeof written === "string" ? fromBase64(written) : null;
}
