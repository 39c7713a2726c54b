/** Room behind the cut, so that a secret which lies across it is seen whole and masked before the line is cut. */
const overlap = 1024;

export interface Line {
  readonly text: string;
  /** Bytes of the line that are not in `text`. */
  readonly lostBytes: number;
}

/**
 * Cuts a stream of bytes into lines, keeping at most `longest` bytes (and a little more, see above) of one, however long it is.
 * Bytes that are no UTF-8 become the replacement character.
 */
export class LineSplitter {
  readonly #longest: number;
  #parts: Buffer[] = [];
  #kept = 0;
  #lost = 0;

  constructor(longest: number) {
    this.#longest = longest + overlap;
  }

  /** The lines that this chunk completes. */
  *push(chunk: Buffer): Generator<Line> {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      // Nearly all lines: whole in one chunk. A flood of them must not hold up the loop.
      if (this.#kept === 0 && end - start <= this.#longest) yield line(chunk.toString("utf8", start, end), 0);
      else {
        this.#keep(chunk.subarray(start, end));
        yield this.#take();
      }
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** What came after the last line's end, if anything. */
  rest(): Line | null {
    return this.#kept + this.#lost > 0 ? this.#take() : null;
  }

  #keep(bytes: Buffer): void {
    const room = Math.min(bytes.length, this.#longest - this.#kept);
    // A copy: a short line must not hold on to the whole chunk it came in.
    if (room > 0) this.#parts.push(Buffer.from(bytes.subarray(0, room)));
    this.#kept += room;
    this.#lost += bytes.length - room;
  }

  #take(): Line {
    const bytes = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts);
    const taken = line(bytes.toString("utf8"), this.#lost);
    this.#parts = [];
    this.#kept = 0;
    this.#lost = 0;
    return taken;
  }
}

const line = (text: string, lostBytes: number): Line => ({
  text: text.endsWith("\r") ? text.slice(0, -1) : text,
  lostBytes,
});
