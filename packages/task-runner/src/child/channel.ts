import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { AirloomError, type ErrorCode, errors } from "@airloom/core";
import { frameReader, packFrame } from "../protocol/frames.ts";
import {
  type ChildMessage,
  channelFds,
  type RequestAnswer,
  type RequestCall,
  type SupervisorMessage,
} from "../protocol/messages.ts";

export interface Channel {
  send(message: ChildMessage): void;
  /** Asks the control plane, through the supervisor. */
  request(call: RequestCall, args: readonly unknown[]): Promise<unknown>;
}

/**
 * The child's end of the channel. Writing blocks: what was said before a crash has been said, and a child that talks faster than its
 * supervisor listens waits instead of growing. The reading end keeps the process alive; when it closes, the supervisor is
 * dead and this process group ends with it.
 */
export function openChannel(receive: (message: Exclude<SupervisorMessage, { kind: "reply" }>) => void): Channel {
  const waiting = new Map<number, (answer: RequestAnswer) => void>();
  let lastId = 0;
  const socket = new Socket({ fd: channelFds.toChild, readable: true, writable: false });
  const read = frameReader();
  socket.on("data", (chunk: Buffer) => {
    for (const message of read(chunk) as readonly SupervisorMessage[]) {
      if (message.kind !== "reply") {
        receive(message);
        continue;
      }
      waiting.get(message.id)?.(message.answer);
      waiting.delete(message.id);
    }
  });
  socket.on("error", endGroup);
  socket.on("close", endGroup);
  const send = (message: ChildMessage): void => writeAll(packFrame(message));
  return {
    send,
    request: (call, args) =>
      new Promise((resolve, reject) => {
        lastId += 1;
        waiting.set(lastId, (answer) => (answer.ok ? resolve(answer.result) : reject(errorOf(answer))));
        send({ kind: "request", id: lastId, call, args });
      }),
  };
}

function writeAll(bytes: Uint8Array): void {
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(channelFds.fromChild, bytes, written);
  } catch {
    endGroup();
  }
}

/** Children lead a process group of their own: whatever the attempt started in it ends too. */
export function endGroup(): never {
  try {
    process.kill(-process.pid, "SIGKILL");
  } catch {
    // Not a group leader: started by hand.
  }
  process.exit(1);
}

function errorOf({ code, data, message }: Extract<RequestAnswer, { ok: false }>): Error {
  return code && Object.hasOwn(errors, code) ? new AirloomError(code as ErrorCode, data) : new Error(message);
}
