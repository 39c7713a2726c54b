import { createHash } from "node:crypto";

/** As the contract says: SHA-256, hex. */
export const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");
