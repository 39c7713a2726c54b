import { hashText } from "./random.ts";

/** What happened, as a hash that grows with each event, and in words when someone wants to read it. */
export class Trace {
  hash = 0x811c9dc5;
  readonly lines: string[] = [];
  readonly #isKept: boolean;

  constructor(isKept: boolean) {
    this.#isKept = isKept;
  }

  note(at: number, what: string): void {
    this.hash = hashText(what, this.hash ^ Math.round(at * 1_000));
    if (this.#isKept) this.lines.push(`${at.toFixed(1).padStart(10)}  ${what}`);
  }
}
