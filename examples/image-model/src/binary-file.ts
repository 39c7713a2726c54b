import { endianness } from "node:os";

/** Arrays of numbers with a description, in one object: shards of features and checkpoints are kept so. */
export interface BinaryFile<H> {
  readonly header: H;
  readonly floats: readonly Float32Array[];
  readonly bytes: readonly Uint8Array[];
}

const magic = "IMGB0001";

/** `magic`, length of the JSON, JSON (padded to 4 bytes), all floats (little endian), all bytes. */
export function encodeBinaryFile<H>({ header, floats, bytes }: BinaryFile<H>): Buffer {
  requireLittleEndian();
  const lengths = { floats: floats.map((part) => part.length), bytes: bytes.map((part) => part.length) };
  const text = JSON.stringify({ header, lengths });
  const json = Buffer.from(text + " ".repeat((4 - (Buffer.byteLength(text) % 4)) % 4));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(json.length);
  const parts = [...floats, ...bytes].map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength));
  return Buffer.concat([Buffer.from(magic), size, json, ...parts]);
}

/** The inverse; `parseHeader` checks the header. Throws when it is another format, or when bytes are missing. */
export function decodeBinaryFile<H>(file: Uint8Array, parseHeader: (header: unknown) => H): BinaryFile<H> {
  requireLittleEndian();
  const view = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (view.toString("latin1", 0, 8) !== magic) throw new Error(`not a file of the format ${magic}`);
  const jsonEnd = 12 + view.readUInt32LE(8);
  const { header, lengths } = JSON.parse(view.toString("utf8", 12, jsonEnd)) as {
    header: unknown;
    lengths: { floats: number[]; bytes: number[] };
  };
  const expected = jsonEnd + 4 * sum(lengths.floats) + sum(lengths.bytes);
  if (view.length !== expected) throw new Error(`the file has ${view.length} bytes; its header promises ${expected}`);
  let at = jsonEnd;
  // Copies, because a Float32Array must start at a multiple of 4, and a received buffer may start anywhere.
  const take = (length: number) => {
    at += length;
    return Uint8Array.from(view.subarray(at - length, at));
  };
  const floats = lengths.floats.map((length) => new Float32Array(take(4 * length).buffer));
  return { header: parseHeader(header), floats, bytes: lengths.bytes.map(take) };
}

function requireLittleEndian(): void {
  if (endianness() !== "LE") throw new Error("this format is written and read on little-endian machines only");
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
