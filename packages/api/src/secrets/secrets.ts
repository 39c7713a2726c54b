import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { AirloomError } from "@airloom/core";

/** Encrypts what is kept: AES-256-GCM, a random nonce per value, bound to the place it belongs to. */
export interface Secrets {
  /** @param place Table, key and column: a value moved elsewhere does not decrypt. */
  encrypt(text: string, place: string): Uint8Array;
  decrypt(bytes: Uint8Array, place: string): string;
}

const nonceBytes = 12;
const tagBytes = 16;
const keyIdBytes = 4;

/** @param keys 32 bytes each, newest first: it encrypts, all decrypt. */
export function createSecrets(keys: readonly Uint8Array[]): Secrets {
  const known = keys.map((key) => ({ key, id: createHash("sha256").update(key).digest().subarray(0, keyIdBytes) }));
  const newest = known[0];
  if (!newest) throw new Error("at least one encryption key is needed");
  return {
    encrypt(text, place) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", newest.key, nonce);
      cipher.setAAD(Buffer.from(place));
      const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([newest.id, nonce, cipher.getAuthTag(), body]);
    },
    decrypt(bytes, place) {
      const id = Buffer.from(bytes.subarray(0, keyIdBytes));
      const match = known.find((candidate) => id.equals(candidate.id));
      if (!match) throw new AirloomError("SECRET_KEY_UNKNOWN", { place });
      const nonceEnd = keyIdBytes + nonceBytes;
      const decipher = createDecipheriv("aes-256-gcm", match.key, bytes.subarray(keyIdBytes, nonceEnd));
      decipher.setAAD(Buffer.from(place));
      decipher.setAuthTag(bytes.subarray(nonceEnd, nonceEnd + tagBytes));
      return Buffer.concat([decipher.update(bytes.subarray(nonceEnd + tagBytes)), decipher.final()]).toString("utf8");
    },
  };
}
