/**
 * A process that uses a home's server, for tests that need several of them or must kill one.
 * Arguments: `start | supervise`, then EmbeddedOptions as JSON. Says `{ pid, url, attached }` once the server is there.
 * `start` ends then; `supervise` stays until SIGTERM, leaves, and says `left`.
 */
import { type EmbeddedOptions, startEmbedded, superviseEmbedded } from "@airloom/db";

const [mode, json = "{}"] = process.argv.slice(2);
const options: EmbeddedOptions = { ...(JSON.parse(json) as EmbeddedOptions), log: (line) => console.error(line) };

if (mode === "start") {
  const { pid, url, attached } = await startEmbedded(options);
  console.log(JSON.stringify({ pid, url, attached }));
} else {
  const supervisor = superviseEmbedded(options);
  process.once("SIGTERM", () => void supervisor.stop("SIGTERM").then(() => console.log(JSON.stringify("left"))));
  await supervisor.start();
  console.log(JSON.stringify({ url: supervisor.url }));
}
