/** Longest line that is kept; the rest of a longer one is counted, not stored. */
const longestLine = 64 * 1024;

/**
 * Splits a process's output into lines with bounded memory, whatever it prints: UTF-8 across chunks, CRLF, lines without end.
 * @param onLine Gets each line without its ending; a promise holds the reading up.
 */
export class LineSplitter {
  readonly #onLine: (line: string) => void | Promise<void>;
  readonly #decoder = new TextDecoder();
  #line = "";
  #dropped = 0;

  constructor(onLine: (line: string) => void | Promise<void>) {
    this.#onLine = onLine;
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#take(this.#decoder.decode(chunk, { stream: true }));
  }

  /** Gives the last line, when it has no ending. */
  async end(): Promise<void> {
    await this.#take(this.#decoder.decode());
    if (this.#line !== "" || this.#dropped > 0) await this.#flush();
  }

  async #take(text: string): Promise<void> {
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      this.#append(text.slice(start, end));
      start = end + 1;
      const held = this.#flush();
      if (held) await held;
    }
    this.#append(text.slice(start));
  }

  #append(text: string): void {
    const room = longestLine - this.#line.length;
    this.#line += text.slice(0, room);
    this.#dropped += Math.max(0, text.length - room);
  }

  #flush(): void | Promise<void> {
    const cut = this.#dropped > 0 ? `… (line cut: ${this.#dropped} more characters)` : "";
    const line = `${this.#line.endsWith("\r") ? this.#line.slice(0, -1) : this.#line}${cut}`;
    this.#line = "";
    this.#dropped = 0;
    return this.#onLine(line);
  }
}
