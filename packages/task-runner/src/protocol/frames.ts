import { AirloomError } from "@airloom/core";
import { packMessage, unpackMessage } from "@airloom/wire";

const header = 4;
/** A value of 48 MiB and its arguments fit; a length beyond it means the stream is not ours. */
const maxFrameBytes = 512 * 1024 * 1024;

/** A message with its length (4 bytes, little-endian) before it. */
export function packFrame(message: object): Uint8Array {
  const body = packMessage(message, { maxBytes: maxFrameBytes });
  const frame = new Uint8Array(header + body.length);
  new DataView(frame.buffer).setUint32(0, body.length, true);
  frame.set(body, header);
  return frame;
}

/**
 * Cuts a stream of bytes into messages. Chunks are joined once per frame, however small they come.
 * @returns a function that takes the next chunk and gives the messages it completed.
 * @throws AirloomError MESSAGE_CORRUPT, MESSAGE_TOO_LARGE
 */
export function frameReader(): (chunk: Uint8Array) => readonly unknown[] {
  let chunks: Uint8Array[] = [];
  let held = 0;
  let needed = header;
  return (chunk) => {
    chunks.push(chunk);
    held += chunk.length;
    if (held < needed) return [];
    const bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks, held);
    const { messages, used, next } = readFrames(bytes);
    chunks = used === held ? [] : [bytes.subarray(used)];
    held -= used;
    needed = next;
    return messages;
  };
}

function readFrames(bytes: Uint8Array): { messages: readonly unknown[]; used: number; next: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: unknown[] = [];
  let used = 0;
  while (bytes.length - used >= header) {
    const length = view.getUint32(used, true);
    if (length > maxFrameBytes) throw new AirloomError("MESSAGE_TOO_LARGE", { bytes: length, limit: maxFrameBytes });
    if (bytes.length - used < header + length) return { messages, used, next: header + length };
    messages.push(unpackMessage(bytes.subarray(used + header, used + header + length)));
    used += header + length;
  }
  return { messages, used, next: header };
}
