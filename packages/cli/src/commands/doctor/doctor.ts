import { AirloomError } from "@airloom/core";
import type { Command } from "commander";
import { connect } from "../../client/connect.ts";
import type { CommandContext, Environment } from "../../context.ts";
import type { Printer } from "../../output/printer.ts";
import { locally } from "../invocation.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import { machineChecks } from "./machine-checks.ts";
import { serverChecks } from "./server-checks.ts";

/** `airloom doctor`: is everything as it should be, and what to do where it is not. */
export function addDoctorCommand(program: Command, environment: Environment): void {
  locally<{ server?: string }>(
    program
      .command("doctor")
      .description("check this installation; exit code 1 when something does not work")
      .option("--server <url>", "API server to ask instead of this home's"),
    environment,
    async ({ context, print, flags }) => {
      const findings = [...machineChecks(context), ...(await remoteChecks(context, flags.server))];
      if (print.forPeople) for (const finding of findings) print.say(lineOf(print, finding));
      else print.rows([], findings, "");
      return findings.some(({ status }) => status === "fail") ? 1 : 0;
    },
  );
}

/** The database is held open meanwhile: an embedded one would be started and stopped again for each question. */
async function remoteChecks(context: CommandContext, server: string | undefined): Promise<readonly Finding[]> {
  if (server !== undefined) return askServer(context, server);
  const { withDatabase } = await import("../../processes/database.ts");
  try {
    return await withDatabase(context, async () => {
      const schema = await schemaCheck(context);
      return [schema, ...(schema.status === "fail" ? [] : await askServer(context, undefined))];
    });
  } catch (error) {
    return [failed("database", error)];
  }
}

async function schemaCheck(context: CommandContext): Promise<Finding> {
  const { schemaOf } = await import("../../processes/database.ts");
  const { kind, have, known } = await schemaOf(context);
  if (kind === "ok") return ok("database", `answers; schema version ${have}`);
  if (kind === "pending")
    return warn(
      "database",
      `its schema has version ${have} of ${known}`,
      "The next start migrates it, or: airloom db migrate.",
    );
  return fail(
    "database",
    `its schema has version ${have}; this Airloom knows ${known}`,
    "Use the newer Airloom that migrated it.",
  );
}

async function askServer(context: CommandContext, server: string | undefined): Promise<readonly Finding[]> {
  try {
    const api = await connect(context, server);
    try {
      return await serverChecks(api);
    } finally {
      await api.close();
    }
  } catch (error) {
    return [failed("server", error)];
  }
}

function failed(check: string, error: unknown): Finding {
  if (!(error instanceof AirloomError)) throw error;
  return fail(check, error.message, error.hint);
}

const marks = { ok: "✓", warn: "!", fail: "✗" } as const;

function lineOf({ paint }: Printer, { check, status, says, next }: Finding): string {
  const line = `${paint(marks[status], status)} ${check.padEnd(14)} ${says}`;
  return next === null ? line : `${line}\n  ${"".padEnd(14)} → ${next}`;
}
