import type { IncomingMessage, ServerResponse } from "node:http";
import type { Settings } from "../src/settings.ts";
import { openStorage } from "../src/storage.ts";
import { listen, type RunningService } from "./listen.ts";
import { EndpointError } from "./model-endpoint/endpoint-error.ts";
import { readImage } from "./model-endpoint/read-image.ts";
import { createServedModel, type ServedModel } from "./model-endpoint/served-model.ts";

export interface ModelEndpointOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly storage: Settings["storage"];
  /** @default console.error */
  readonly log?: (line: string) => void;
}

/**
 * Serves the deployed model over HTTP.
 *
 * - `POST /predict`: a PNG (`image/png`) or `{"pixels": [784 numbers 0..255]}` → `{ digit, probabilities, version }`
 * - `GET /model`: version, since when, accuracy, and what was measured of it
 * - `GET /health`: whether there is a model, and whether the storage answers
 *
 * Each request looks at the pointer in the storage (a few bytes, by etag): a deployment is seen by the next request.
 * When the storage does not answer, the model in memory goes on serving.
 */
export async function startModelEndpoint(options: ModelEndpointOptions): Promise<RunningService> {
  const log = options.log ?? console.error;
  const storage = openStorage(options.storage);
  const served = createServedModel(storage, log);
  const service = await listen(options.port, (request, response) => {
    void answer(served, request)
      .then((body) => reply(response, 200, body))
      .catch((error: unknown) => replyError(response, error, log));
  }).catch((error: unknown) => {
    storage.close();
    throw error;
  });
  return {
    url: service.url,
    stop: async () => {
      await service.stop();
      storage.close();
    },
  };
}

async function answer(served: ServedModel, request: IncomingMessage): Promise<object> {
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  const route = `${request.method} ${path}`;
  switch (route) {
    case "GET /health":
      return served.health();
    case "GET /model":
      return served.describe();
    case "POST /predict":
      return served.predict(await readImage(request));
    default:
      if (["/health", "/model", "/predict"].includes(path))
        throw new EndpointError(405, `${route} is not allowed here.`);
      throw new EndpointError(404, "Ask POST /predict, GET /model or GET /health.");
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) })
    .end(text);
}

function replyError(response: ServerResponse, error: unknown, log: (line: string) => void): void {
  if (response.headersSent || response.destroyed) return;
  if (!(error instanceof EndpointError)) {
    log(`model endpoint: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  const status = error instanceof EndpointError ? error.status : 500;
  reply(response, status, { error: error instanceof Error ? error.message : String(error) });
}
