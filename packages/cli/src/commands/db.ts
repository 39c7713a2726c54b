import { AirloomError } from "@airloom/core";
import type { Command } from "commander";
import type { Environment } from "../context.ts";
import { locally } from "./invocation.ts";

/** `airloom db migrate | check`; `db serve` is among the processes. */
export function addDbCommands(program: Command, environment: Environment): void {
  const db =
    program.commands.find((command) => command.name() === "db") ?? program.command("db").description("the database");
  locally(
    db.command("migrate").description("bring the database to the schema of this version"),
    environment,
    async ({ context, print }) => {
      const { migrateDatabase } = await import("../processes/database.ts");
      const applied = await migrateDatabase(context);
      const words =
        applied.length === 0 ? "Nothing to do: the schema is up to date." : `Applied: ${applied.join(", ")}.`;
      print.done(words, { applied });
    },
  );
  locally(
    db.command("check").description("exit code 0 when the database answers and its schema is up to date"),
    environment,
    async ({ context, print }) => {
      const { schemaOf } = await import("../processes/database.ts");
      const { kind, have, known } = await schemaOf(context);
      if (kind === "newer") throw new AirloomError("DATABASE_TOO_NEW", { have, known });
      const isReady = kind === "ok";
      const words = isReady
        ? `The database answers; schema version ${have}.`
        : `The database answers; its schema has version ${have} of ${known}: run airloom db migrate.`;
      print.done(words, { schema: kind, have, known });
      return isReady ? 0 : 1;
    },
  );
}
