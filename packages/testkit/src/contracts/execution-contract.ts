import { describe } from "vitest";
import { claimPromises } from "./execution/claims.ts";
import { type ExecutionUnderTest, executionUnderTest, type MakeExecution } from "./execution/execution-under-test.ts";
import { finishPromises, maxXComBytes } from "./execution/finishes.ts";
import { leasePromises } from "./execution/leases.ts";
import { logPromises, maxLogBytes } from "./execution/logs.ts";
import { parsePromises } from "./execution/parses.ts";
import { environment, valuePromises } from "./execution/values.ts";
import { workloadPromises } from "./execution/workloads.ts";

const sections: Readonly<Record<string, (given: ExecutionUnderTest) => void>> = {
  claims: claimPromises,
  "what a workload carries": workloadPromises,
  "leases, cancels and hand-backs": leasePromises,
  finishes: finishPromises,
  logs: logPromises,
  "values, variables and connections": valuePromises,
  "artifacts and parses": parsePromises,
};

/**
 * What the control plane promises workers and dag-processors, one sentence per test, whatever carries the calls. Each group of
 * tests gets one control plane from `make`, new and empty.
 * @example executionContract("HTTP", async (given) => ({ execution: createHttpExecution({ baseUrl, token }), ... }));
 */
export function executionContract(name: string, make: MakeExecution): void {
  describe(`${name} keeps the execution contract`, () => {
    for (const [title, section] of Object.entries(sections)) {
      describe(title, () =>
        section(executionUnderTest(make, { environment, maxLogBytesPerAttempt: maxLogBytes, maxXComBytes })),
      );
    }
  });
}
