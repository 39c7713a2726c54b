import { Temporal } from "temporal-polyfill";
import { AirloomError } from "../errors.ts";

/**
 * A time zone as arithmetic between instants and wall clocks, both in milliseconds. A local time is a number too: what the
 * wall clock shows, read as if it were UTC.
 */
export interface Zone {
  readonly id: string;
  /** Milliseconds ahead of UTC at an instant. */
  offsetAt(instant: number): number;
  /** What the wall clock shows at an instant. */
  localAt(instant: number): number;
  /** The instant of a local time: the later one when it occurs twice, moved past the gap when it does not occur. */
  instantAt(local: number): number;
}

const second = 1000;
const day = 86_400 * second;
/** Longer than a day and shorter than the shortest time between two changes of offset (Morocco's month of Ramadan). */
const blockLength = 4 * day;
const maxBlocks = 2_000;

/** A stretch of time with at most one change of offset in it. */
interface Block {
  readonly changesAt: number;
  readonly before: number;
  readonly after: number;
}

const zones = new Map<string, Zone>();

/**
 * The zone with this IANA name or fixed offset (`Europe/London`, `+02:00`).
 * @throws AirloomError TIMETABLE_INVALID when there is no such zone.
 */
export function parseZone(id: string): Zone {
  const known = zones.get(id);
  if (known) return known;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(id);
  } catch (cause) {
    throw new AirloomError(
      "TIMETABLE_INVALID",
      { schedule: id, reason: `"${id}" is not a time zone; use an IANA name such as "Europe/London"` },
      { cause },
    );
  }
  const zone = createZone(id);
  zones.set(id, zone);
  return zone;
}

function createZone(id: string): Zone {
  const offsetAt = cachedOffsets((instant) => {
    const zoned = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(id);
    return Math.round(zoned.offsetNanoseconds / 1_000_000);
  });
  return {
    id,
    offsetAt,
    localAt: (instant) => instant + offsetAt(instant),
    instantAt(local) {
      const before = offsetAt(local - day);
      const after = offsetAt(local + day);
      if (before === after) return local - before;
      const early = local - before;
      const late = local - after;
      const earlyExists = offsetAt(early) === before;
      const lateExists = offsetAt(late) === after;
      if (earlyExists === lateExists) return Math.max(early, late);
      return earlyExists ? early : late;
    },
  };
}

/** Asking the time zone database costs ten microseconds; remembering its answers by block costs almost nothing. */
function cachedOffsets(lookUp: (instant: number) => number): (instant: number) => number {
  const blocks = new Map<number, Block>();
  return (instant) => {
    const index = Math.floor(instant / blockLength);
    let block = blocks.get(index);
    if (!block) {
      block = findBlock(index * blockLength, lookUp);
      if (blocks.size >= maxBlocks) blocks.clear();
      blocks.set(index, block);
    }
    return instant < block.changesAt ? block.before : block.after;
  };
}

function findBlock(start: number, lookUp: (instant: number) => number): Block {
  const before = lookUp(start);
  const after = lookUp(start + blockLength);
  if (before === after) return { changesAt: start, before, after };
  let low = start;
  let high = start + blockLength;
  while (high - low > second) {
    const middle = Math.floor((low + high) / 2 / second) * second;
    if (lookUp(middle) === before) low = middle;
    else high = middle;
  }
  return { changesAt: high, before, after };
}
