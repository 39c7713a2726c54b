import { dirname } from "node:path";
import { changedPaths, type KnownFile, newKnownFile, type Round, startRound } from "./known-files.ts";
import type { Processor } from "./processor.ts";
import { dagFilePath } from "./project.ts";
import { type Listing, listDagFiles } from "./watch/list-files.ts";
import { workOnFile } from "./work-on-file.ts";

/** Files in work at a time: while one loads, others are bundled and published. */
const maxInFlight = 6;
/** Where watching is not possible. */
const pollMs = 1_000;

/** One look at all files: what is new, changed, wanted or gone gets its turn. Costs about 5 ms for 1,000 files. */
export function look(processor: Processor): void {
  const { settings, session } = processor;
  if (processor.stopping || session === null) return;
  const now = Date.now();
  if (now - processor.refreshedAt >= settings.refreshMs) noteChange(processor);
  const listing = list(processor);
  if (!listing) {
    processor.lookIn(pollMs);
    return;
  }
  const round = startRound(processor.unsettled, settings.settleMs, now);
  processor.watched = foldersOf(processor, listing);
  const { added, complete } = processor.watch.set(processor.watched);
  // What changed before the watch began was not told.
  if (added) processor.lookIn(settings.settleMs);
  noteNew(processor, listing);
  if (packagesChanged(processor, round)) processor.bundler.forgetPackages();
  enqueue(
    processor,
    listing.files.filter((file) => isDue(processor, file, { round, now })),
  );
  if (processor.unsettled.size > 0) processor.lookIn(settings.settleMs);
  advance(processor);
  void reportGone(processor, listing);
  processor.lookIn(complete ? settings.refreshMs : pollMs);
}

/** Something may have changed anywhere: files that lacked something are tried again. */
export function noteChange(processor: Processor): void {
  processor.changes += 1;
  processor.refreshedAt = Date.now();
}

function list(processor: Processor): Listing | null {
  try {
    const listing = listDagFiles(processor.project.dagsDir);
    processor.listTrouble = null;
    return listing;
  } catch (error) {
    const trouble = error instanceof Error ? error.message : String(error);
    if (processor.listTrouble !== trouble) {
      processor.log({ kind: "trouble", message: `The Dags folder cannot be listed: ${trouble}` });
    }
    processor.listTrouble = trouble;
    return null;
  }
}

/** Folders with Dag files, and with what these import. */
function foldersOf({ files }: Processor, { folders }: Listing): ReadonlySet<string> {
  return new Set([...folders, ...[...files.values()].flatMap(sourceFolders)]);
}

/** Packages are not edited in place; what is installed anew is found by the next refresh. */
const sourceFolders = ({ stamps, packageFiles }: KnownFile): readonly string[] =>
  [...stamps.keys()].filter((path) => !packageFiles.has(path)).map((path) => dirname(path));

function noteNew({ files, session, gone }: Processor, listing: Listing): void {
  for (const file of listing.files) {
    const wasMissed = gone.isBack(file);
    if (files.has(file) && !wasMissed) continue;
    const row = session?.get(file);
    // Broken files are tried again after a start: what broke them may not have been the file.
    files.set(file, newKnownFile(row && !row.broken && !wasMissed ? row.sourceHash : null));
  }
}

function packagesChanged({ files }: Processor, round: Round): boolean {
  for (const { stamps, packageFiles } of files.values()) {
    for (const path of packageFiles) if (round.see(path).stamp !== stamps.get(path)) return true;
  }
  return false;
}

function isDue(processor: Processor, file: string, { round, now }: { round: Round; now: number }): boolean {
  const known = processor.files.get(file);
  if (!known || processor.inFlight.has(file) || processor.queue.includes(file)) return false;
  if (known.notBefore > now) {
    processor.lookIn(known.notBefore - now);
    return false;
  }
  const changed = changedPaths(known, round);
  const retry = known.lackedAt !== null && known.lackedAt !== processor.changes;
  if (!known.wanted && !retry && changed.length === 0) return false;
  return [dagFilePath(processor.project, file), ...changed].every((path) => round.isSettled(path));
}

/** What was broken before waits until the others had their turn: it may take long. */
function enqueue({ queue, session }: Processor, due: readonly string[]): void {
  const wasBroken = (file: string): boolean => session?.get(file)?.broken === true;
  queue.push(...due.filter((file) => !wasBroken(file)), ...due.filter(wasBroken));
}

/** Starts work on what waits, as far as there is room. */
function advance(processor: Processor): void {
  const { queue, inFlight, files } = processor;
  while (inFlight.size < maxInFlight && queue.length > 0 && !processor.stopping) {
    const file = queue.shift() as string;
    const known = files.get(file);
    if (!known) continue;
    processor.active = true;
    inFlight.add(file);
    void work(processor, file, known);
  }
  tellWhenIdle(processor);
}

async function work(processor: Processor, file: string, known: KnownFile): Promise<void> {
  const { changes } = processor;
  await workOnFile(processor, file, known);
  processor.inFlight.delete(file);
  if (processor.stopping) return;
  if (known.notBefore > Date.now()) processor.lookIn(known.notBefore - Date.now());
  // What changed meanwhile was passed over; and what it imports may lie where nobody watched yet.
  const isUnwatched = sourceFolders(known).some((folder) => !processor.watched.has(folder));
  if (processor.changes !== changes || isUnwatched) processor.lookIn(20);
  advance(processor);
}

function tellWhenIdle(processor: Processor): void {
  const { queue, inFlight, unsettled, gone, files } = processor;
  if (!processor.active || queue.length > 0 || inFlight.size > 0 || unsettled.size > 0 || gone.waiting) return;
  if ([...files.values()].some((known) => known.wanted)) return;
  processor.active = false;
  processor.log({ kind: "idle" });
}

async function reportGone(processor: Processor, listing: Listing): Promise<void> {
  const { files, session, gone, settings, contract, log } = processor;
  if (processor.reportingGone) return;
  const missing = gone.toReport([...files.keys(), ...(session?.keys() ?? [])], listing);
  if (missing.length > 0) {
    processor.active = true;
    processor.reportingGone = true;
    try {
      await contract.publish({ kind: "gone", files: missing });
      for (const file of missing) files.delete(file);
      const forGood = gone.reported(missing);
      if (forGood.length > 0) {
        processor.idsFreed = true;
        log({ kind: "gone", files: forGood });
      }
    } catch (error) {
      log({ kind: "trouble", message: `Files that are gone were not reported: ${String(error)}` });
    } finally {
      processor.reportingGone = false;
    }
    tellWhenIdle(processor);
  }
  // Also when the folder is empty, where the second report comes later.
  if (gone.waiting) processor.lookIn(settings.goneMs + 20);
}
