import { connect, type Socket } from "node:net";
import type { World } from "../world.ts";

export interface RawAnswer {
  /** All that came, latin-1. */
  readonly text: string;
  readonly statuses: readonly number[];
  /** The server closed the connection. */
  readonly isClosed: boolean;
  readonly milliseconds: number;
}

export interface RawPatience {
  /** Longest wait for an end or an answer, ms. */
  readonly withinMs: number;
  /** After the last bytes of an answer, ms. */
  readonly quietMs: number;
  readonly halfClose?: boolean;
}

/** Connects, sends, and collects until the server closes, or has answered and is quiet. */
export function sendRaw(world: World, bytes: string, patience: RawPatience): Promise<RawAnswer> {
  const start = performance.now();
  return new Promise((resolve) => {
    const socket = openSocket(world);
    let text = "";
    let quiet: NodeJS.Timeout | undefined;
    const end = (isClosed: boolean): void => {
      clearTimeout(quiet);
      clearTimeout(deadline);
      socket.destroy();
      const statuses = [...text.matchAll(/(?:^|\r\n\r\n|\})HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
      resolve({ text, statuses, isClosed, milliseconds: performance.now() - start });
    };
    const deadline = setTimeout(() => end(false), patience.withinMs);
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      clearTimeout(quiet);
      quiet = setTimeout(() => end(false), patience.quietMs);
    });
    socket.once("error", () => end(true));
    socket.once("close", () => end(true));
    socket.once("end", () => end(true));
    socket.once("connect", () => {
      const data = Buffer.from(bytes, "latin1");
      if (patience.halfClose) socket.end(data);
      else socket.write(data);
    });
  });
}

export function openSocket({ project }: World): Socket {
  const socket = connect({ host: "127.0.0.1", port: project.port, allowHalfOpen: true });
  socket.on("error", () => {});
  return socket;
}
