import { AirloomError, graphOf, parseTimetable, readSpec } from "@airloom/core";
import type { ImportError, ParsedDag } from "@airloom/wire";

/** Reads the Specs that a child sent: its word is checked as a stranger's would be. */
export function checkDags(
  dags: readonly { readonly dagId: string; readonly spec: unknown }[],
  shownName: string,
): readonly ParsedDag[] | ImportError {
  try {
    return dags.map(({ spec: json }) => {
      const spec = readSpec(json);
      graphOf(spec);
      parseTimetable(spec.schedule);
      return { dagId: spec.dagId, spec };
    });
  } catch (error) {
    const hint = error instanceof AirloomError ? error.hint : null;
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "spec", message, location: shownName, stack: null, hint };
  }
}

export const isError = (checked: readonly ParsedDag[] | ImportError): checked is ImportError => "message" in checked;
