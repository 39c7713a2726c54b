/** The kinds of binary data a value may hold, by the name they have in the encoded form. Elements are little-endian, as on every platform Node runs on but s390x. */
const makers = {
  ArrayBuffer: (buffer: ArrayBuffer) => buffer,
  DataView: (buffer: ArrayBuffer) => new DataView(buffer),
  Int8Array: (buffer: ArrayBuffer) => new Int8Array(buffer),
  Uint8Array: (buffer: ArrayBuffer) => new Uint8Array(buffer),
  Uint8ClampedArray: (buffer: ArrayBuffer) => new Uint8ClampedArray(buffer),
  Int16Array: (buffer: ArrayBuffer) => new Int16Array(buffer),
  Uint16Array: (buffer: ArrayBuffer) => new Uint16Array(buffer),
  Int32Array: (buffer: ArrayBuffer) => new Int32Array(buffer),
  Uint32Array: (buffer: ArrayBuffer) => new Uint32Array(buffer),
  Float32Array: (buffer: ArrayBuffer) => new Float32Array(buffer),
  Float64Array: (buffer: ArrayBuffer) => new Float64Array(buffer),
  BigInt64Array: (buffer: ArrayBuffer) => new BigInt64Array(buffer),
  BigUint64Array: (buffer: ArrayBuffer) => new BigUint64Array(buffer),
} as const;

export type BinaryKind = keyof typeof makers;
export type Binary = ReturnType<(typeof makers)[BinaryKind]>;

const typedArrayTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as (this: unknown) => string | undefined;

/** The kind of a piece of binary data, null for anything else. A subclass (Node's `Buffer`) is its base kind. */
export function binaryKind(value: object): BinaryKind | null {
  if (value instanceof ArrayBuffer) return "ArrayBuffer";
  if (!ArrayBuffer.isView(value)) return null;
  const kind = value instanceof DataView ? "DataView" : typedArrayTag.call(value);
  return kind !== undefined && Object.hasOwn(makers, kind) ? (kind as BinaryKind) : null;
}

/** The bytes behind a piece of binary data, not copied. */
export const bytesOf = (value: Binary): Uint8Array =>
  value instanceof ArrayBuffer
    ? new Uint8Array(value)
    : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);

/** A piece of binary data of its own memory; null when kind and length do not fit. */
export function makeBinary(kind: unknown, bytes: Uint8Array): Binary | null {
  if (typeof kind !== "string" || !Object.hasOwn(makers, kind)) return null;
  const copy = new Uint8Array(bytes).buffer;
  try {
    return makers[kind as BinaryKind](copy);
  } catch {
    return null;
  }
}
