const headerBytes = 4;

/** Kept: author code shares the child's process, and may replace them. */
const { stringify } = JSON;
const { alloc, concat, from } = Buffer;

/** JSON with its length in bytes before it (4 bytes, little-endian). */
export function packFrame(message: object): Buffer {
  const body = from(stringify(message));
  const header = alloc(headerBytes);
  header.writeUInt32LE(body.length);
  return concat([header, body]);
}

/**
 * Cuts a stream into messages, whatever the sizes of its chunks.
 * @returns a function that takes the next chunk and gives the messages it completed.
 * @throws Error for a frame above the limit; SyntaxError for one that is no JSON.
 */
export function readFrames(maxBytes: number): (chunk: Buffer) => readonly unknown[] {
  let waiting: Buffer[] = [];
  let have = 0;
  let need = headerBytes;
  return (chunk) => {
    waiting.push(chunk);
    have += chunk.length;
    const messages: unknown[] = [];
    while (have >= need) {
      const all: Buffer = waiting.length === 1 ? (waiting[0] as Buffer) : Buffer.concat(waiting);
      const length = all.readUInt32LE(0);
      if (length > maxBytes) throw new Error(`a message of ${length} bytes was sent; at most ${maxBytes} are allowed`);
      const end = headerBytes + length;
      if (all.length >= end) messages.push(JSON.parse(all.toString("utf8", headerBytes, end)));
      const rest = all.length >= end ? all.subarray(end) : all;
      waiting = [rest];
      have = rest.length;
      need = all.length >= end ? headerBytes : end;
    }
    return messages;
  };
}
