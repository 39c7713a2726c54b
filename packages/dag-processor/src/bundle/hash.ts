import { createHash } from "node:crypto";

/** Grows when bundling changes in a way that old and new parts must not be mixed up. */
export const bundleFormat = 1;

/** SHA-256 (hex) of a list of texts: `["a", "b"]` and `["ab"]` differ. */
export function hashOf(...texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${Buffer.byteLength(text)}:`).update(text);
  return hash.digest("hex");
}

/** SHA-256 (hex) of bytes. */
export const hashBytes = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
