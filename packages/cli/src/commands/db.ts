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
      const [{ reachDatabase }, { migrate }] = await Promise.all([
        import("../processes/database.ts"),
        import("@airloom/db"),
      ]);
      const database = await reachDatabase(context.config, context.home, (line) => context.log.write("debug", line));
      try {
        const applied = await migrate(database.url);
        print.done(
          applied.length === 0 ? "Nothing to do: the schema is up to date." : `Applied: ${applied.join(", ")}.`,
          { applied },
        );
      } finally {
        await database.close("command ended");
      }
    },
  );
  locally(
    db.command("check").description("exit code 0 when the database answers and its schema is up to date"),
    environment,
    async ({ context, print }) => {
      const [{ reachDatabase }, { checkSchema }] = await Promise.all([
        import("../processes/database.ts"),
        import("@airloom/db"),
      ]);
      const database = await reachDatabase(context.config, context.home, (line) => context.log.write("debug", line));
      try {
        const { kind, have, known } = await checkSchema(database.url);
        if (kind === "newer") throw new AirloomError("DATABASE_TOO_NEW", { have, known });
        const words =
          kind === "ok"
            ? `The database answers; schema version ${have}.`
            : `The database answers; its schema has version ${have} of ${known}: run airloom db migrate.`;
        print.done(words, { schema: kind, have, known });
        return kind === "ok" ? 0 : 1;
      } finally {
        await database.close("command ended");
      }
    },
  );
}
