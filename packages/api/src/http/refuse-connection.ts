import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { AirloomError } from "@airloom/core";
import { problem, problemType } from "./error-replies.ts";

interface ParserError extends Error {
  readonly code?: string;
}

/** The answer to what is no HTTP, too much of it, or too slow: nothing of the request is known, so it is a problem document for all paths. */
export function refuseConnection(error: ParserError, socket: Socket): void {
  // Whoever went away hears nothing.
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal = refusalOf(error.code);
  const body = JSON.stringify(problem(refusal));
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ""}`,
    "connection: close",
    `content-type: ${problemType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    "cache-control: no-store",
    "x-content-type-options: nosniff",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  // Nobody waits for the other end to close as well.
  socket.destroySoon();
}

function refusalOf(code: string | undefined): AirloomError {
  if (code === "HPE_HEADER_OVERFLOW") return new AirloomError("HEADERS_TOO_LARGE", {});
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return new AirloomError("REQUEST_TIMEOUT", {});
  return new AirloomError("BAD_REQUEST", { reason: "This is not a request of HTTP/1.1." });
}
