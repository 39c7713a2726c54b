import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Chance } from "./chance.ts";

/** A socket before the server's own, on which connections break at chosen moments. */
export interface FaultyWire {
  /** The same database by way of it. */
  readonly url: string;
  /** How many connections were broken, by moment. */
  readonly breaks: { before: number; after: number; other: number };
  /** From now on nothing breaks. */
  calm(): void;
  close(): Promise<void>;
}

const commitMessage = Buffer.from("commit\0");

/**
 * Passes bytes on between clients and the server behind `url` (a unix socket). At some commits the connection breaks: before the
 * server hears of it, or after it did and before the client hears the answer. At some other messages it breaks as well.
 */
export async function startFaultyWire(url: string, chance: Chance): Promise<FaultyWire> {
  const folder = new URL(url.replace("@/", "@localhost/")).searchParams.get("host") ?? "";
  const own = mkdtempSync(join(tmpdir(), "wire-"));
  const breaks = { before: 0, after: 0, other: 0 };
  let calm = false;
  const sockets = new Set<Socket>();

  function connect(client: Socket): void {
    const server = createConnection(join(folder, ".s.PGSQL.5432"));
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        server.end();
      });
    }
    server.on("data", (bytes) => void (client.writable && client.write(bytes)));
    client.on("data", (bytes) => {
      const isCommit = bytes.includes(commitMessage);
      const breaksNow = !calm && chance.happens(isCommit ? 0.006 : 0.0003);
      if (!breaksNow) return void server.write(bytes);
      const moment = !isCommit ? "other" : chance.happens(0.5) ? "before" : "after";
      breaks[moment] += 1;
      client.destroy();
      if (moment === "after") server.end(bytes);
      else server.destroy();
    });
  }

  const listener = createServer(connect);
  await new Promise<void>((resolve) => listener.listen(join(own, ".s.PGSQL.5432"), resolve));
  return {
    url: url.replace(encodeURIComponent(folder), encodeURIComponent(own)),
    breaks,
    calm: () => {
      calm = true;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
      rmSync(own, { recursive: true, force: true });
    },
  };
}
