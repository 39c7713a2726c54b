import { createApiApp } from "../processes/api-server.ts";
import { createControl } from "../processes/control.ts";
import { openDatabase } from "../processes/database.ts";
import type { ProcessContext } from "../processes/process-context.ts";
import { type ApiClient, createApiClient } from "./api-client.ts";

/** The API application in this process, without a socket: loaded only when no server runs, for it brings the database along. */
export async function connectInProcess(context: ProcessContext, token: string): Promise<ApiClient> {
  const { config, home, log, environment } = context;
  const database = await openDatabase(config, home, (line) => log.write("debug", line));
  const control = createControl({ url: database.url, config, home, environment, tell: () => {} });
  const app = createApiApp({ control, config, home, log });
  return createApiClient({
    where: "in process",
    send: async (request) => {
      const answer = await app.inject({
        method: request.method ?? "GET",
        url: request.url,
        headers: { authorization: `Bearer ${token}`, accept: request.accept ?? "application/json" },
        ...(request.body === undefined ? {} : { payload: request.body as object }),
      });
      return { status: answer.statusCode, text: answer.body };
    },
    close: async () => {
      await app.close();
      await control.close();
      await database.close("command ended");
    },
  });
}
