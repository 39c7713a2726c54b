import { AirloomError, type JsonObject } from "@airloom/core";
import type { AttemptRef, ExecutionContract, LogRecord } from "@airloom/wire";
import type { ChildRecord } from "../protocol/messages.ts";
import { plainText } from "../protocol/plain-text.ts";
import { LineSplitter } from "./line-splitter.ts";
import type { SecretMask } from "./secret-mask.ts";
import { backoffMs, pause, settlesWithin } from "./waiting.ts";
import type { WorkerSettings } from "./worker-settings.ts";

export interface AttemptLogParts {
  readonly attempt: AttemptRef;
  readonly contract: Pick<ExecutionContract, "appendLogs">;
  readonly mask: SecretMask;
  readonly settings: WorkerSettings;
  /** The control plane no longer knows this attempt. */
  readonly fenced: () => void;
}

/** What a record costs besides its text, so that a flood of empty lines ends at the cap too. */
const recordBytes = 64;
const tailBytes = 4096;
const lastRecords = 20;
/** Characters of a record's group that are kept. */
const longestGroup = 1_000;
/** While so much waits to be sent, the child's output is read slowly. */
const backlogBytes = 512 * 1024;
const backlogPauseMs = 20;
/** Output past the cap is read at that rate: a hundred megabytes in a second. */
const lossBytes = 1024 * 1024;
const lossPauseMs = 10;

/**
 * The log of one attempt on its way to the control plane: numbered, masked, cut, sent in batches, one at a time. Adding never waits.
 * What comes after the cap is counted, and the last of it kept for the end.
 */
export class AttemptLog {
  readonly #parts: AttemptLogParts;
  readonly #splitters: Readonly<Record<"stdout" | "stderr", LineSplitter>>;
  readonly #stop = new AbortController();
  #pending: LogRecord[] = [];
  #pendingBytes = 0;
  #seq = 0;
  #taken = 0;
  #lostBytes = 0;
  #last: ChildRecord[] = [];
  #sincePause = 0;
  #tail = Buffer.alloc(0);
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | null = null;
  /** The end of standard error, for telling why a child died. */
  stderrTail = "";

  constructor(parts: AttemptLogParts) {
    this.#parts = parts;
    const { logLineBytes } = parts.settings;
    this.#splitters = { stdout: new LineSplitter(logLineBytes), stderr: new LineSplitter(logLineBytes) };
  }

  /** The cap is reached: whatever still comes is only counted. */
  get isFull(): boolean {
    return this.#taken >= this.#parts.settings.logBytesPerAttempt;
  }

  add(record: ChildRecord, lostBytes = 0): void {
    const { mask } = this.#parts;
    const msg = this.#cut(mask.apply(plainText(record.msg)), lostBytes);
    if (this.isFull) {
      const isOutput = record.source === "stdout" || record.source === "stderr";
      if (isOutput) this.#lose(Buffer.from(`${msg}\n`));
      else this.#keepLast({ ...record, msg });
      return;
    }
    this.#pushRecord({ ...record, msg });
    if (this.isFull)
      this.#say("warn", `The log of this attempt has reached its limit of ${this.#taken} bytes and ends here.`);
  }

  #pushRecord({ fields, group, ...rest }: ChildRecord): void {
    this.#push({
      ...rest,
      seq: 0,
      ...(fields && { fields: this.#cutFields(this.#parts.mask.applyToFields(fields)) }),
      ...(group !== undefined && { group: this.#parts.mask.apply(plainText(group)).slice(0, longestGroup) }),
    });
  }

  #cutFields(fields: JsonObject): JsonObject {
    const text = JSON.stringify(fields);
    return text.length <= this.#parts.settings.logLineBytes ? fields : { cut: this.#cut(text, 0) };
  }

  /** Output as it came from a pipe. @returns how long more of it may wait, ms: a flood must not take a processor, nor memory. */
  output(source: "stdout" | "stderr", chunk: Buffer): number {
    if (source === "stderr")
      this.stderrTail = (this.stderrTail + chunk.subarray(-tailBytes).toString()).slice(-tailBytes);
    if (this.isFull) return this.#lose(chunk);
    for (const line of this.#splitters[source].push(chunk)) this.#addLine(source, line.text, line.lostBytes);
    return this.#pendingBytes > backlogBytes ? backlogPauseMs : 0;
  }

  /** The system's own words. */
  system(level: LogRecord["level"], msg: string): void {
    this.#say(level, this.#cut(this.#parts.mask.apply(plainText(msg)), 0));
  }

  /** Nothing more comes: sends the rest. Gives up after `ms`. @returns whether all of it arrived. */
  async end(ms: number): Promise<boolean> {
    for (const source of ["stdout", "stderr"] as const) {
      const rest = this.#splitters[source].rest();
      if (rest) this.#addLine(source, rest.text, rest.lostBytes);
    }
    if (this.#lostBytes > 0) this.#sayWhatIsLost();
    for (const record of this.#last.splice(0)) this.#pushRecord(record);
    this.#flush();
    const arrived = await settlesWithin(this.#drained(), ms);
    this.#stop.abort();
    clearTimeout(this.#timer);
    return arrived;
  }

  async #drained(): Promise<void> {
    while (this.#sending) await this.#sending;
  }

  #addLine(source: "stdout" | "stderr", text: string, lostBytes: number): void {
    this.add({ ts: Date.now(), level: source === "stderr" ? "warn" : "info", source, msg: text }, lostBytes);
  }

  #cut(text: string, lostBytes: number): string {
    const { logLineBytes } = this.#parts.settings;
    const bytes = Buffer.byteLength(text);
    if (bytes <= logLineBytes && lostBytes === 0) return text;
    // The cut may go through a character: what is left of it is dropped.
    const kept =
      bytes <= logLineBytes
        ? text
        : Buffer.from(text)
            .subarray(0, logLineBytes)
            .toString()
            .replace(/\ufffd$/, "");
    return `${kept}… (${bytes + lostBytes - Buffer.byteLength(kept)} more bytes)`;
  }

  #lose(bytes: Buffer): number {
    this.#lostBytes += bytes.length;
    this.#sincePause += bytes.length;
    this.#tail = Buffer.concat([this.#tail, bytes.subarray(-tailBytes)]).subarray(-tailBytes);
    if (this.#sincePause < lossBytes) return 0;
    this.#sincePause = 0;
    return lossPauseMs;
  }

  #keepLast(record: ChildRecord): void {
    this.#last.push(record);
    const dropped = this.#last.length > lastRecords ? this.#last.shift() : undefined;
    if (dropped) this.#lose(Buffer.from(`${dropped.msg}\n`));
  }

  #sayWhatIsLost(): void {
    const lines = plainText(this.#parts.mask.apply(this.#tail.toString()));
    this.#say("warn", `${this.#lostBytes} bytes were left out. The last of them:\n${lines}`);
  }

  #say(level: LogRecord["level"], msg: string): void {
    this.#push({ seq: 0, ts: Date.now(), level, source: "airloom", msg });
  }

  #push(record: LogRecord): void {
    const size = sizeOf(record);
    this.#taken += size;
    this.#pendingBytes += size;
    this.#pending.push({ ...record, seq: this.#seq });
    this.#seq += 1;
    if (this.#pendingBytes >= this.#parts.settings.logBatchBytes) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), this.#parts.settings.logBatchMs);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.length === 0 || this.#sending || this.#stop.signal.aborted) return;
    this.#sending = this.#send().finally(() => {
      this.#sending = null;
      // Added while the last batch was being confirmed.
      this.#flush();
    });
  }

  async #send(): Promise<void> {
    const { attempt, contract, fenced } = this.#parts;
    for (let failures = 0; this.#pending.length > 0 && !this.#stop.signal.aborted; ) {
      const records = this.#nextBatch();
      try {
        await contract.appendLogs({ attempt, records });
        failures = 0;
      } catch (error) {
        if (error instanceof AirloomError && error.code === "ATTEMPT_FENCED") {
          this.#pending = [];
          fenced();
          return;
        }
        this.#pending.unshift(...records);
        failures += 1;
        await pause(backoffMs(failures), this.#stop.signal);
      }
    }
  }

  #nextBatch(): readonly LogRecord[] {
    let count = 0;
    let size = 0;
    while (count < this.#pending.length && size < this.#parts.settings.logBatchBytes) {
      size += sizeOf(this.#pending[count] as LogRecord);
      count += 1;
    }
    this.#pendingBytes = Math.max(0, this.#pendingBytes - size);
    return this.#pending.splice(0, count);
  }
}

const sizeOf = ({ msg, group, fields }: LogRecord): number =>
  msg.length + (group?.length ?? 0) + (fields ? JSON.stringify(fields).length : 0) + recordBytes;
