import { userInfo } from "node:os";
import { createTokens } from "@airloom/api/tokens";
import { AirloomError } from "@airloom/core";
import { homeKey } from "../home/home.ts";
import { readRunFile } from "../home/run-file.ts";
import type { ProcessContext } from "../processes/process-context.ts";
import { type ApiClient, createApiClient } from "./api-client.ts";
import { sendHttp } from "./send-http.ts";

/** The server that was named, the one that runs in this home, or the API application in this process for as long as the command takes. */
export async function connect(context: ProcessContext, server: string | undefined): Promise<ApiClient> {
  if (server) return overHttp(server, await foreignToken(context, server));
  const running = readRunFile(context.home);
  if (running) return overHttp(running.url, ownToken(context));
  const { connectInProcess } = await import("./in-process.ts");
  return connectInProcess(context, ownToken(context));
}

/** Whoever can read the home's signing key may do anything in it: no login is asked of them. */
function ownToken({ config, home }: ProcessContext): string {
  const key = Buffer.from(config.security.signingKey || homeKey(home, "signing"), "base64");
  return createTokens(key).issue({ name: userInfo().username, role: "admin" }, 3_600, new Date());
}

async function foreignToken({ environment }: ProcessContext, server: string): Promise<string> {
  const { AIRLOOM_TOKEN: token, AIRLOOM_USERNAME: username, AIRLOOM_PASSWORD: password } = environment;
  if (token) return token;
  if (!username || !password) throw new AirloomError("CLI_NO_LOGIN", { server });
  const answer = await sendHttp(server, {
    method: "POST",
    path: "/auth/token/cli",
    url: "/auth/token/cli",
    body: { username, password },
  });
  const body = JSON.parse(answer.text) as { access_token?: string };
  if (!body.access_token) throw new AirloomError("LOGIN_REFUSED");
  return body.access_token;
}

function overHttp(server: string, token: string): ApiClient {
  return createApiClient({
    where: server,
    send: (request) => sendHttp(server, request, token),
    close: async () => {},
  });
}
