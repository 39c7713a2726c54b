import { AirloomError } from "@airloom/core";
import { bytesOf } from "./binary-kind.ts";
import { reviveTagged } from "./from-tagged.ts";
import { isExactJson } from "./is-json.ts";
import { maxValueDepth } from "./tag.ts";
import { walkToTagged } from "./to-tagged.ts";
import { refusal } from "./value-path.ts";

/**
 * The bytes of a value: version 1, then the form.
 * - form 0: JSON text, for what JSON keeps exactly;
 * - form 1: length of the JSON text (4 bytes, little-endian), tagged JSON text (`tag.ts`), then the binary data in order.
 */
const version = 1;
const forms = { json: 0, tagged: 1 } as const;
const taggedHeader = 6;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export interface EncodeOptions {
  /** Most bytes the encoded value may have. Default: no limit. */
  readonly maxBytes?: number;
}

/**
 * A task's value as bytes that `decodeValue` turns back exactly. What cannot be kept is refused, never dropped. Node's `Buffer`
 * comes back as a `Uint8Array`; a value referred to twice comes back as two.
 * @throws AirloomError VALUE_UNSERIALIZABLE with the path, VALUE_TOO_LARGE
 * @example decodeValue(encodeValue(new Map([["a", 1n]]))) // Map { "a" => 1n }
 */
export function encodeValue(value: unknown, options: EncodeOptions = {}): Uint8Array {
  const bytes = isSafelyJson(value) ? encodeJson(value) : encodeTagged(value);
  if (options.maxBytes !== undefined && bytes.length > options.maxBytes) {
    throw new AirloomError("VALUE_TOO_LARGE", { bytes: bytes.length, limit: options.maxBytes });
  }
  return bytes;
}

function isSafelyJson(value: unknown): boolean {
  try {
    return isExactJson(value, maxValueDepth);
  } catch {
    // A getter threw: the exact walk says where.
    return false;
  }
}

// The two leading bytes are characters of the text, so that large text is encoded once and not copied again.
const encodeJson = (value: unknown): Uint8Array => encoder.encode(`\x01\x00${stringify(value)}`);

function encodeTagged(value: unknown): Uint8Array {
  const tail: Uint8Array[] = [];
  const json = walk(value, tail);
  const text = encoder.encode(stringify(json));
  const bytes = new Uint8Array(taggedHeader + text.length + tail.reduce((sum, part) => sum + part.length, 0));
  bytes.set([version, forms.tagged]);
  new DataView(bytes.buffer).setUint32(2, text.length, true);
  let offset = taggedHeader;
  for (const part of [text, ...tail]) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function walk(value: unknown, tail: Uint8Array[]): unknown {
  try {
    return walkToTagged(value, {
      allowsString: () => true,
      binary: (data) => {
        const bytes = bytesOf(data);
        tail.push(bytes);
        return bytes.length;
      },
    });
  } catch (cause) {
    // How deep the walk comes depends on what stands on the stack before it.
    if (cause instanceof RangeError) throw refusal([], `nested too deeply to be kept (${cause.message})`, cause);
    throw cause;
  }
}

function stringify(json: unknown): string {
  try {
    return JSON.stringify(json);
  } catch (cause) {
    // V8 says so when its stack ends or the text passes half a gigabyte.
    throw refusal([], `too deep or too large to be written as JSON (${String(cause)})`, cause);
  }
}

/**
 * The value that `encodeValue` wrote, sharing no memory with the bytes.
 * @throws AirloomError VALUE_CORRUPT
 */
export function decodeValue(bytes: Uint8Array): unknown {
  try {
    return decode(bytes);
  } catch (cause) {
    if (cause instanceof AirloomError) throw cause;
    throw new AirloomError("VALUE_CORRUPT", { reason: String(cause) }, { cause });
  }
}

function decode(bytes: Uint8Array): unknown {
  if (bytes[0] !== version) throw corrupt(`its first byte is ${bytes[0]}, not the codec version ${version}`);
  if (bytes[1] === forms.json) return JSON.parse(decoder.decode(bytes.subarray(2)));
  if (bytes[1] !== forms.tagged || bytes.length < taggedHeader) throw corrupt("its form is not known");
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(2, true);
  const end = taggedHeader + length;
  if (end > bytes.length) throw corrupt("it ends early");
  const json: unknown = JSON.parse(decoder.decode(bytes.subarray(taggedHeader, end)));
  return reviveTagged(json, tailReader(bytes, end));
}

function tailReader(bytes: Uint8Array, start: number): (written: unknown) => Uint8Array | null {
  let offset = start;
  return (length) => {
    if (typeof length !== "number" || !Number.isInteger(length) || length < 0) return null;
    if (offset + length > bytes.length) return null;
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
}

const corrupt = (reason: string): AirloomError => new AirloomError("VALUE_CORRUPT", { reason });
