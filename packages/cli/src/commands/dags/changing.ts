import { AirloomError } from "@airloom/core";
import type { Command } from "commander";
import type { ApiClient } from "../../client/api-client.ts";
import { type DagEntity, dagPath } from "../../client/entities.ts";
import { listAll } from "../../client/pages.ts";
import { about } from "../../client/unknown-id.ts";
import type { Environment } from "../../context.ts";
import { pattern } from "../arguments.ts";
import { confirmed } from "../confirm.ts";
import { overApi } from "../invocation.ts";

interface PauseFlags {
  readonly treatDagIdAsRegex?: true;
  readonly yes?: true;
}

/** `pause`, `unpause`, `delete`. */
export function addChanging(dags: Command, environment: Environment): void {
  addPause(dags, environment, {
    verb: "pause",
    paused: true,
    description: "stop making runs of Dags, and start none that wait",
  });
  addPause(dags, environment, { verb: "unpause", paused: false, description: "let Dags run" });
  overApi<{ yes?: true }, [dagId: string]>(
    dags
      .command("delete")
      .description("forget a Dag with all its runs; while its file is there, it comes back without them")
      .argument("<dag>")
      .option("-y, --yes", "do not ask"),
    environment,
    async ({ api, print, flags, args: [dagId] }) => {
      await about({ api, ids: { dagId } }, () => api.call({ path: dagPath(dagId) }));
      if (!(await confirmed(`Delete ${dagId} with all its runs and logs?`, flags.yes))) return 1;
      await about({ api, ids: { dagId } }, () => api.call({ method: "DELETE", path: dagPath(dagId) }));
      print.done(`${dagId} deleted.`, { deleted: dagId });
      return 0;
    },
  );
}

function addPause(
  dags: Command,
  environment: Environment,
  { verb, paused, description }: { readonly verb: string; readonly paused: boolean; readonly description: string },
): void {
  overApi<PauseFlags, [dagIds: readonly string[]]>(
    dags
      .command(verb)
      .description(description)
      .argument("<dag...>")
      .option(
        "--treat-dag-id-as-regex",
        "the ids are regular expressions: every Dag that one of them matches as a whole",
      )
      .option("-y, --yes", "do not ask when several are meant"),
    environment,
    async ({ api, print, flags, args: [given] }) => {
      const dagIds = flags.treatDagIdAsRegex ? await matching(api, given) : given;
      const question = `${verb} ${dagIds.length} Dags (${dagIds.slice(0, 5).join(", ")}${dagIds.length > 5 ? ", …" : ""})?`;
      if (flags.treatDagIdAsRegex && dagIds.length > 1 && !(await confirmed(question, flags.yes))) return 1;
      for (const dagId of dagIds)
        await about({ api, ids: { dagId } }, () =>
          api.call({ method: "PATCH", path: dagPath(dagId), body: { is_paused: paused } }),
        );
      print.done(
        dagIds.map((dagId) => `${dagId} is ${paused ? "paused" : "unpaused"}.`).join("\n"),
        dagIds.map((dag_id) => ({ dag_id, is_paused: paused })),
      );
      return 0;
    },
  );
}

async function matching(api: ApiClient, patterns: readonly string[]): Promise<readonly string[]> {
  const wanted = patterns.map((text) => pattern(`^(?:${text})$`));
  const known = await listAll<DagEntity>(api, { path: "/api/v2/dags", items: "dags", query: { order_by: "dag_id" } });
  const found = known.map(({ dag_id }) => dag_id).filter((id) => wanted.some((one) => one.test(id)));
  if (found.length === 0)
    throw new AirloomError("CLI_UNKNOWN_ID", {
      noun: "Dag that matches",
      id: patterns.join(" "),
      meant: [],
      none: false,
    });
  return found;
}
