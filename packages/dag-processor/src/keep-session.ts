import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Timers } from "@airloom/core";
import type { ParseSession } from "@airloom/wire";
import type { Processor } from "./processor.ts";

/** Asks the control plane what it has, again and again: also for requests to parse, and as a sign of life. */
export function keepSession(processor: Processor, timers: Timers): { first: Promise<void>; stop: () => void } {
  const id = randomUUID();
  let cancel = (): void => undefined;
  let wasReached = true;
  const ask = async (): Promise<void> => {
    try {
      const busy = new Set([...processor.inFlight, ...processor.queue]);
      const session = await processor.contract.openParseSession({ id, hostname: hostname(), pid: process.pid });
      wasReached = true;
      takeSession(processor, session, busy);
    } catch (error) {
      if (wasReached && !processor.stopping) {
        processor.log({ kind: "trouble", message: `The control plane was not reached: ${wordsOf(error)}` });
      }
      wasReached = false;
    }
    if (!processor.stopping) cancel = timers.after(processor.settings.sessionMs, () => void ask());
  };
  return { first: ask(), stop: () => cancel() };
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** @param busy Files that were worked on while the answer travelled: it may be older than what came of them. */
function takeSession(processor: Processor, { files, requested }: ParseSession, busy: ReadonlySet<string>): void {
  const isFirst = processor.session === null;
  const session = new Map(files.map((row) => [row.file, row]));
  processor.session = session;
  const asked = new Set(requested);
  const { idsFreed } = processor;
  processor.idsFreed = false;
  let changed = isFirst;
  for (const [file, known] of processor.files) {
    if (busy.has(file) || processor.inFlight.has(file) || known.sourceHash === null) continue;
    const row = session.get(file);
    // The database may have been restored or emptied; a broken file may have waited for an id that is free now.
    const isKept = row?.sourceHash === known.sourceHash && !(row.broken && idsFreed);
    if (isKept && !asked.has(file)) continue;
    known.wanted = true;
    known.sourceHash = null;
    changed = true;
  }
  if (changed) processor.lookIn(0);
}
