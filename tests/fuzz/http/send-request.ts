import { type Agent, type IncomingMessage, request } from "node:http";
import type { World } from "../world.ts";
import { bytesOf, type FuzzRequest } from "./fuzz-request.ts";

/** What came back; `error` when nothing did. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Of a stream that goes on: its first part. */
  readonly body: Buffer;
  readonly milliseconds: number;
  readonly error: string | null;
}

/** Longest that an answer may take to be complete, ms. */
export const patienceMs = 5_000;

export function sendRequest(world: World, agent: Agent, given: FuzzRequest): Promise<Answered> {
  const start = performance.now();
  const elapsed = (): number => performance.now() - start;
  const failed = (error: string): Answered => ({
    status: 0,
    headers: {},
    body: Buffer.alloc(0),
    milliseconds: elapsed(),
    error,
  });
  return new Promise((resolve) => {
    let isOver = false;
    const end = (answer: Answered): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      resolve(answer);
    };
    const payload = bytesOf(given);
    const { hostname, port } = new URL(world.project.url);
    const asking = request({
      agent,
      host: hostname,
      port,
      method: given.method,
      path: given.path,
      headers: headersOf(world, given, payload),
    });
    const timer = setTimeout(() => {
      end(failed("timeout"));
      asking.destroy();
    }, patienceMs * 2);
    asking.on("error", (error) => end(failed(error.message)));
    asking.on("response", (response) => {
      collect(response, (body) =>
        end({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body,
          milliseconds: elapsed(),
          error: null,
        }),
      );
    });
    asking.end(payload);
  });
}

/** In pairs, so that names may come twice. */
function headersOf(world: World, { headers }: FuzzRequest, payload: Buffer | undefined): string[] {
  const has = (name: string): boolean => headers.some(([one]) => one === name);
  const filled = headers.map(([name, value]) => [name, withToken(world, value)] as const);
  return [
    ...(has("host") ? [] : [["host", new URL(world.project.url).host] as const]),
    ...filled,
    ...(payload && !has("content-length") ? [["content-length", String(payload.length)] as const] : []),
  ].flat();
}

/** `@admin` alone is a whole header; after a scheme it is the token. */
const withToken = (world: World, value: string): string =>
  value.replace(/(^|\s)@(admin|op|user|viewer|worker)$/, (_, before: string, sender: keyof World["tokens"]) =>
    before === "" ? `Bearer ${world.tokens[sender]}` : `${before}${world.tokens[sender]}`,
  );

/** A stream without an end (someone waits for a run) is left after its first line. */
function collect(response: IncomingMessage, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  const isStream =
    String(response.headers["content-type"]).includes("ndjson") && response.headers["content-length"] === undefined;
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    if (!isStream) return;
    done(Buffer.concat(chunks));
    response.destroy();
  });
  response.once("end", () => done(Buffer.concat(chunks)));
  response.once("error", () => done(Buffer.concat(chunks)));
}
