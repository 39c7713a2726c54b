import { lines } from "../score/lines.mjs";
import { lastRecord } from "../score/records.mjs";
import { scoreboard } from "../score/scoreboard.mjs";

export const name = "scoreboard";

/** `SCOREBOARD.md` from the lines and the last result of each. */
export function generate() {
  return [{ path: "SCOREBOARD.md", text: scoreboard(lines.map((line) => ({ line, record: lastRecord(line) }))) }];
}
