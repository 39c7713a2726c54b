import type { DagSpec } from "@airloom/core";
import type { ExecutionContract } from "@airloom/wire";
import { contractOf, type Server } from "./network.ts";
import { hashText } from "./random.ts";
import type { SimProcess } from "./sim-process.ts";
import type { World } from "./world.ts";

const lookMs = 2_000;

/** Publishes what stands in the Dag files now, over the real execution contract; the files change while runs go on. */
export function startParser(world: World, process: SimProcess, servers: readonly Server[]): void {
  const contract = contractOf(world, process, { callerName: "parser", servers });
  const reports = new Map<DagSpec, Report>();
  const look = async (): Promise<void> => {
    const session = await contract.openParseSession({ id: process.name, hostname: "host-1", pid: process.pid });
    const known = new Map(session.files.map(({ file, sourceHash }) => [file, sourceHash]));
    for (const spec of world.files.values()) {
      const report = reports.get(spec) ?? reportOf(spec);
      reports.set(spec, report);
      if (known.get(report.file) !== report.sourceHash) await publish(contract, report);
    }
  };
  const failed = (error: unknown): void => {
    world.note(`the parser failed: ${String(error)}`);
    again();
  };
  const again = (): void => void process.timers.after(lookMs, () => look().then(again, failed));
  look().then(again, failed);
}

type Report = Extract<Parameters<ExecutionContract["publish"]>[0], { kind: "parsed" }>;

const publish = (contract: ExecutionContract, report: Report): Promise<unknown> => contract.publish(report);

function reportOf(spec: DagSpec): Report {
  const hash = hashText(JSON.stringify(spec)).toString(16);
  const file = `${spec.dagId}.ts`;
  return {
    kind: "parsed",
    file,
    sourceHash: `source ${hash}`,
    // The code stays as it was, whatever the options say.
    artifact: {
      id: `source ${hash}`,
      codeHash: `code of ${spec.dagId}`,
      format: 1,
      file,
      entry: "main.mjs",
      parts: [],
      externals: [],
      sdkProtocol: 1,
    },
    source: "",
    dags: [{ dagId: spec.dagId, spec }],
    seconds: 0.1,
    warnings: [],
  };
}
