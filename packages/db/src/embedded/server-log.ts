import { closeSync, copyFileSync, openSync, readSync, statSync, truncateSync } from "node:fs";

/** Where the log is cut: the older half lives on as `<file>.1`. Bytes. */
const defaultCap = 10 * 1024 * 1024;

/**
 * Keeps the server's log bounded: above `cap` bytes it is copied to `<file>.1` and emptied in place. The server holds the
 * file open for appending, so it goes on writing at the new end; a rename would leave it writing to the old file.
 */
export function capServerLog(file: string, cap = defaultCap): void {
  if (sizeOf(file) <= cap) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file, 0);
}

/** The size of the log now, to read later what came after. Bytes. */
export function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}

/** What was written after `offset` (bytes), at most the last 8 KiB. */
export function readLogSince(file: string, offset: number): string {
  const size = sizeOf(file);
  const from = Math.max(size < offset ? 0 : offset, size - 8192);
  if (size <= from) return "";
  const buffer = Buffer.alloc(size - from);
  const handle = openSync(file, "r");
  try {
    return buffer.subarray(0, readSync(handle, buffer, 0, buffer.length, from)).toString("utf8");
  } finally {
    closeSync(handle);
  }
}
