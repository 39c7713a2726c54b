import { AirloomError } from "@airloom/core";

/** MIME type of a packed message over HTTP. */
export const messageMediaType = "application/x-airloom-message";

/**
 * The bytes of a message: version 1, length of the JSON text (4 bytes, little-endian), the JSON text
 * `{"value": …, "binary": [[path, length], …]}`, then the binary data in that order. The places of binary data hold null.
 */
const version = 1;
const header = 5;

type Path = readonly (string | number)[];

export interface MessageOptions {
  /** Most bytes the message may have. Default: no limit. */
  readonly maxBytes?: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Plain JSON-like data with `Uint8Array`s anywhere in it, as bytes: what children, supervisors and the execution API send each
 * other. Otherwise JSON's rules: `undefined` properties are left out, Dates become text. The value must be a tree.
 * @throws AirloomError MESSAGE_TOO_LARGE
 * @example unpackMessage(packMessage({ kind: "part", bytes: new Uint8Array([1]) }))
 */
export function packMessage(value: unknown, options: MessageOptions = {}): Uint8Array {
  const found: { readonly path: Path; readonly bytes: Uint8Array }[] = [];
  const stripped = strip(value, { path: [], take: (path, bytes) => found.push({ path, bytes }) });
  const binary = found.map(({ path, bytes }) => [path, bytes.length]);
  const text = encoder.encode(JSON.stringify({ value: stripped, binary }));
  const length = found.reduce((sum, { bytes }) => sum + bytes.length, header + text.length);
  checkSize(length, options);
  const message = new Uint8Array(length);
  message[0] = version;
  new DataView(message.buffer).setUint32(1, text.length, true);
  let offset = header;
  for (const part of [text, ...found.map(({ bytes }) => bytes)]) {
    message.set(part, offset);
    offset += part.length;
  }
  return message;
}

interface Stripping {
  readonly path: (string | number)[];
  readonly take: (path: Path, bytes: Uint8Array) => void;
}

/** Takes binary data out, copying only the containers around it. */
function strip(value: unknown, into: Stripping): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) {
    into.take([...into.path], value);
    return null;
  }
  if (Array.isArray(value)) {
    const items = value.map((item, index) => stripChild(item, index, into));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  const entries = Object.entries(value);
  const stripped = entries.map(([key, item]) => [key, stripChild(item, key, into)] as const);
  return stripped.some(([, item], index) => item !== entries[index]?.[1]) ? Object.fromEntries(stripped) : value;
}

function stripChild(value: unknown, step: string | number, into: Stripping): unknown {
  into.path.push(step);
  const stripped = strip(value, into);
  into.path.pop();
  return stripped;
}

/**
 * What `packMessage` wrote. Binary parts are views of `bytes`: leave those alone afterwards.
 * @throws AirloomError MESSAGE_CORRUPT, MESSAGE_TOO_LARGE
 */
export function unpackMessage(bytes: Uint8Array, options: MessageOptions = {}): unknown {
  checkSize(bytes.length, options);
  if (bytes.length < header || bytes[0] !== version) throw corrupt("it does not start as one");
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(1, true);
  const end = header + length;
  if (end > bytes.length) throw corrupt("it ends early");
  const root = parse(bytes.subarray(header, end));
  let offset = end;
  for (const written of root.binary) {
    const { path, length: size } = binaryEntry(written);
    if (offset + size > bytes.length) throw corrupt("its binary data ends early");
    place(root, path, new Uint8Array(bytes.buffer, bytes.byteOffset + offset, size));
    offset += size;
  }
  if (offset !== bytes.length) throw corrupt("something follows its end");
  return root.value;
}

interface Root {
  value?: unknown;
  readonly binary: readonly unknown[];
}

function parse(text: Uint8Array): Root {
  try {
    const root: unknown = JSON.parse(decoder.decode(text));
    if (typeof root === "object" && root !== null && Array.isArray((root as Root).binary)) return root as Root;
  } catch (cause) {
    throw corrupt(cause instanceof Error ? cause.message : String(cause));
  }
  throw corrupt("its JSON is not a message");
}

function binaryEntry(written: unknown): { readonly path: Path; readonly length: number } {
  const [path, length] = Array.isArray(written) ? (written as unknown[]) : [];
  if (!Array.isArray(path) || !Number.isInteger(length) || (length as number) < 0) {
    throw corrupt("its list of binary data is malformed");
  }
  return { path: path as Path, length: length as number };
}

/** Only where the sender left null in a property that is there: a made-up path must not reach a prototype. */
function place(root: Root, path: Path, bytes: Uint8Array): void {
  let parent: unknown = root;
  let step: string | number = "value";
  for (const next of path) {
    parent = own(parent, step);
    step = next;
  }
  if (own(parent, step) !== null) throw corrupt("binary data has no place");
  (parent as Record<string | number, unknown>)[step] = bytes;
}

function own(parent: unknown, step: string | number): unknown {
  if (typeof parent !== "object" || parent === null || !Object.hasOwn(parent, step)) {
    throw corrupt("binary data has no place");
  }
  return (parent as Record<string | number, unknown>)[step];
}

function checkSize(bytes: number, { maxBytes }: MessageOptions): void {
  if (maxBytes !== undefined && bytes > maxBytes)
    throw new AirloomError("MESSAGE_TOO_LARGE", { bytes, limit: maxBytes });
}

const corrupt = (reason: string): AirloomError => new AirloomError("MESSAGE_CORRUPT", { reason });
