import { createHash } from "node:crypto";
import { sql as init } from "./000001-init.ts";
import { sql as quarantine } from "./000002-quarantine.ts";
import { sql as tokenOfOneAttempt } from "./000003-token-of-one-attempt.ts";

/** One step of the schema. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

const migration = (number: number, name: string, sql: string): Migration => ({
  number,
  name,
  sql,
  checksum: createHash("sha256").update(sql).digest("hex"),
});

/**
 * All steps, in order. Each is SQL text in a module of its own: a `.sql` file would need a loader in vitest, in tsc and in the
 * bundles alike, or a file beside the bundle.
 */
export const migrations: readonly Migration[] = [
  migration(1, "init", init),
  migration(2, "quarantine", quarantine),
  migration(3, "token-of-one-attempt", tokenOfOneAttempt),
];

export const newestMigration = migrations.length;
