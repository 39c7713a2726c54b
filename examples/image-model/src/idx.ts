import { open } from "node:fs/promises";

/** One IDX file of bytes: `shape[0]` items, each the product of the other dimensions long. */
export interface IdxFile {
  readonly shape: readonly number[];
  /** Bytes of one item. */
  readonly itemSize: number;
  /** The items of these indexes, one after another. Reads only what is asked for. */
  read(indexes: readonly number[]): Promise<Uint8Array>;
}

/** IDX magic: two zeros, the type of the elements (8 = unsigned byte), the number of dimensions. */
const unsignedByte = 8;

/**
 * Opens an IDX file, the format of the MNIST data set, and checks it: a truncated download must not pass for data.
 * The file is closed when `use` ends. Source: Yann LeCun, "The MNIST database of handwritten digits", file formats.
 */
export async function withIdxFile<T>(path: string, use: (file: IdxFile) => Promise<T>): Promise<T> {
  const handle = await open(path);
  try {
    const magic = (await handle.read(Buffer.alloc(4), 0, 4, 0)).buffer;
    const rank = magic.readUInt8(3);
    if (magic.readUInt16BE(0) !== 0 || magic.readUInt8(2) !== unsignedByte || rank === 0) {
      throw new Error(`${path} is not an IDX file of unsigned bytes`);
    }
    const sizes = (await handle.read(Buffer.alloc(4 * rank), 0, 4 * rank, 4)).buffer;
    const shape = Array.from({ length: rank }, (_, axis) => sizes.readUInt32BE(4 * axis));
    const [items = 0, ...rest] = shape;
    const itemSize = rest.reduce((product, size) => product * size, 1);
    const start = 4 + 4 * rank;
    const { size } = await handle.stat();
    if (size !== start + items * itemSize) {
      throw new Error(`${path} has ${size} bytes; its header promises ${start + items * itemSize}`);
    }
    const read = async (indexes: readonly number[]) => {
      const bytes = new Uint8Array(indexes.length * itemSize);
      for (const [at, index] of indexes.entries()) {
        if (index < 0 || index >= items) throw new RangeError(`${path} has no item ${index}; it has ${items}`);
        await handle.read(bytes, at * itemSize, itemSize, start + index * itemSize);
      }
      return bytes;
    };
    return await use({ shape, itemSize, read });
  } finally {
    await handle.close();
  }
}
