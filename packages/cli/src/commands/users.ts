import { AirloomError } from "@airloom/core";
import { type Command, Option } from "commander";
import type { CommandContext, Environment } from "../context.ts";
import type { Column } from "../output/table.ts";
import { locally } from "./invocation.ts";
import { readStandardInput } from "./standard-input.ts";

const roles = ["viewer", "user", "op", "admin"] as const;

interface UserFlags {
  readonly username: string;
  readonly role: (typeof roles)[number];
  readonly passwordStdin?: true;
}

const columns: readonly Column<Pick<UserFlags, "username" | "role">>[] = [
  { title: "USER", text: ({ username }) => username },
  { title: "ROLE", text: ({ role }) => role },
];

/** `airloom users …`: needs the home's database, not a login: whoever can read it may do anything. */
export function addUsersCommands(program: Command, environment: Environment): void {
  const users = program.command("users").description("who may log in");
  locally(users.command("list").description("list users and their roles"), environment, async ({ context, print }) => {
    const { listUsers } = await import("../processes/users.ts");
    print.rows(columns, await listUsers(context), "There are no users.");
  });
  locally<UserFlags>(
    users
      .command("create")
      .description("create a user")
      .requiredOption("-u, --username <name>", "name to log in with")
      .addOption(
        new Option("-r, --role <role>", "each has the rights of those before it").choices(roles).makeOptionMandatory(),
      )
      .option("--password-stdin", "read the password from standard input; else AIRLOOM_PASSWORD holds it"),
    environment,
    async ({ context, print, flags }) => {
      const password = await passwordOf(context, flags.passwordStdin);
      const { createUser } = await import("../processes/users.ts");
      await createUser(context, { username: flags.username, password, role: flags.role });
      print.done(`User "${flags.username}" created with the role ${flags.role}.`, {
        created: flags.username,
        role: flags.role,
      });
    },
  );
  locally<Pick<UserFlags, "username" | "passwordStdin">>(
    users
      .command("reset-password")
      .description("give a user another password")
      .requiredOption("-u, --username <name>", "name to log in with")
      .option("--password-stdin", "read the password from standard input; else AIRLOOM_PASSWORD holds it"),
    environment,
    async ({ context, print, flags }) => {
      const password = await passwordOf(context, flags.passwordStdin);
      const { resetPassword } = await import("../processes/users.ts");
      await resetPassword(context, flags.username, password);
      print.done(`User "${flags.username}" has a new password.`, { changed: flags.username });
    },
  );
}

async function passwordOf({ environment }: CommandContext, fromStdin: true | undefined): Promise<string> {
  const password = fromStdin ? await readStandardInput("the password") : environment.AIRLOOM_PASSWORD;
  if (!password)
    throw new AirloomError("CLI_USAGE", {
      reason: "No password was given: pipe it in with --password-stdin, or set AIRLOOM_PASSWORD.",
    });
  return password;
}
