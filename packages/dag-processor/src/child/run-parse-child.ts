import { Socket } from "node:net";
import { packFrame, readFrames } from "../protocol/frames.ts";
import { type ChildMessage, channelFd, type LoadRequest, parseProtocol } from "../protocol/messages.ts";
import { countStarts, noteState } from "./leftovers.ts";
import { loadDags } from "./load-dags.ts";
import { toLoadFailure } from "./load-failure.ts";
import { countRandomIds } from "./top-of-file.ts";

/** Taken before timers are counted: for the child's own use. */
const ownImmediate = setImmediate;
const maxRequestBytes = 64 * 1024;

/**
 * A process that loads author files, one at a time, and sends the Specs of their Dags. It ends when its supervisor does.
 * @param modules What author code imports by name: `airloom`, `airloom/operators`, `zod`.
 */
export function runParseChild({ modules }: { readonly modules: Readonly<Record<string, object>> }): void {
  Object.defineProperty(globalThis, Symbol.for("airloom.modules"), { value: Object.freeze({ ...modules }) });
  countRandomIds();
  countStarts();
  const { exit } = process;
  const socket = new Socket({ fd: channelFd, readable: true, writable: true });
  const send = (message: ChildMessage): void => {
    socket.write(packFrame(message));
  };
  const registry = registryOf(modules.zod);
  let current: number | null = null;
  const fail = (id: number, thrown: unknown): void => {
    if (current !== id) return;
    current = null;
    send({ kind: "failed", id, failure: toLoadFailure(thrown) });
  };
  const load = async (request: LoadRequest): Promise<void> => {
    const { id } = request;
    current = id;
    const leftovers = noteState(registry);
    try {
      const { dags, chances } = await loadDags(request);
      // Errors that nobody waited for show after one turn of the loop.
      await new Promise((resolve) => ownImmediate(resolve));
      if (current !== id) return;
      send({ kind: "loaded", id, dags, chances, leftovers: leftovers() });
      current = null;
    } catch (error) {
      fail(id, error);
    }
  };
  for (const event of ["uncaughtException", "unhandledRejection"]) {
    process.on(event, (thrown: unknown) => {
      // After the file was reported nobody asks any more: the supervisor replaces a child that left work behind.
      if (current === null) exit(1);
      else fail(current, thrown);
    });
  }
  const read = readFrames(maxRequestBytes);
  socket.on("data", (chunk) => {
    for (const message of read(chunk)) void load(message as LoadRequest);
  });
  socket.on("error", () => exit(1));
  socket.on("close", () => exit(0));
  send({ kind: "ready", protocol: parseProtocol });
}

/** Ids of schemas are registered process-wide; a second file with the same id would be refused. */
const registryOf = (zod: object | undefined) =>
  (zod as { readonly globalRegistry?: { readonly _idmap?: ReadonlyMap<unknown, unknown> } } | undefined)
    ?.globalRegistry;
