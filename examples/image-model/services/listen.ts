import { createServer, type RequestListener } from "node:http";

/** A side service that runs: where it answers, and how to end it. */
export interface RunningService {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts an HTTP server on the loopback address and resolves when it accepts requests. Port 0 takes a free one.
 * Rejects, with what to do, when the port is taken.
 */
export function listen(port: number, listener: RequestListener): Promise<RunningService> {
  // Node closes idle connections after 5 s; a client that reuses one at that moment would see a reset.
  const server = createServer({ keepAliveTimeout: 60_000 }, listener);
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE" ? new Error(`port ${port} is taken; stop its owner or choose another port`) : error,
      ),
    );
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const actual = typeof address === "object" && address !== null ? address.port : port;
      resolve({ url: `http://127.0.0.1:${actual}`, stop });
    });
  });
}
