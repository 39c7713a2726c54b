import type { ImportError } from "@airloom/wire";
import type { Expected } from "../case.ts";
import type { PlacedCase } from "./dags-folder.ts";
import type { FileEvent } from "./processor-process.ts";

/** What is not as it should be in what was said of a case; nothing when all is. */
export function complaints({ of, slug }: PlacedCase, said: FileEvent | undefined): readonly string[] {
  const { expected } = of;
  if ("ignored" in expected) return said ? [`it was read: ${shown(said)}`] : [];
  if (!said) return ["nothing was said of it"];
  if ("loads" in expected) return loadComplaints(expected, said, slug);
  if (said.event.kind !== "broken") return [`it loaded: ${shown(said)}`];
  return errorComplaints(expected, said.event.error, slug);
}

function loadComplaints(
  { loads, warning }: Extract<Expected, { loads: unknown }>,
  said: FileEvent,
  slug: string,
): readonly string[] {
  if (said.event.kind !== "parsed") return [`it did not load: ${shown(said)}`];
  const wanted = loads.map((id) => id.replaceAll("$ID", slug)).join(", ");
  const { dags, warnings } = said.event;
  return [
    ...(dags.join(", ") === wanted ? [] : [`it has the Dags ${dags.join(", ")}, not ${wanted}`]),
    ...(!warning || warnings.some((text) => warning.test(text)) ? [] : [`no warning fits ${warning}: ${warnings}`]),
  ];
}

function errorComplaints(
  expected: Extract<Expected, { kind: unknown }>,
  { kind, message, location, hint }: ImportError,
  slug: string,
): readonly string[] {
  const place = (location ?? "nowhere").replace(`dags/${slug}/`, "");
  const isThere = typeof expected.at === "string" ? place === expected.at : expected.at.test(place);
  return [
    ...(kind === expected.kind ? [] : [`its kind is ${kind}, not ${expected.kind}`]),
    ...(expected.message.test(message)
      ? []
      : [`its message does not fit ${expected.message}: ${message.slice(0, 300)}`]),
    ...(isThere ? [] : [`its place is ${place}, not ${expected.at}`]),
    // What the reader is to do, or where in the code it stands, besides what is wrong.
    ...(hint || location?.includes(":") ? [] : ["it says neither a line nor what to do"]),
  ];
}

const shown = ({ event }: FileEvent): string =>
  event.kind === "broken"
    ? `${event.error.kind} at ${event.error.location}: ${event.error.message.slice(0, 300)}`
    : `Dags ${event.dags.join(", ")}`;
