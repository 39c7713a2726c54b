import { type ClientRequest, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { AirloomError } from "@airloom/core";
import type { ApiAnswer, ApiRequest } from "./api-client.ts";

/**
 * One request, one connection. Not `fetch`: loading it costs a command a tenth of a second.
 * @throws SERVER_UNREACHABLE
 */
export async function sendHttp(
  server: string,
  request: ApiRequest & { readonly url: string },
  token?: string,
): Promise<ApiAnswer> {
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  const headers = {
    accept: request.accept ?? "application/json",
    ...(token && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
  };
  try {
    const url = new URL(request.url, server);
    const begin = url.protocol === "https:" ? requestHttps : requestHttp;
    return await answerTo(begin(url, { method: request.method ?? "GET", headers, agent: false }), body);
  } catch (cause) {
    throw new AirloomError("SERVER_UNREACHABLE", { server }, { cause });
  }
}

function answerTo(request: ClientRequest, body: string | undefined): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    request.once("error", reject);
    request.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
      );
    });
    request.end(body);
  });
}
