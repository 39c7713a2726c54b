import { join } from "node:path";
import type { ProcessorEvent } from "@airloom/dag-processor";
import { builtFile, memoryExecution } from "@airloom/testkit";
import { ProcessOverContract } from "../process-over-contract.ts";
import type { ProcessorStart } from "./processor-program.ts";

/** What a processor said of a file, and when (`performance.now()`). */
export interface FileEvent {
  readonly event: Extract<ProcessorEvent, { kind: "parsed" | "broken" }>;
  readonly at: number;
}

/** The control half of the contract over a store in memory. */
export type ControlHalf = ReturnType<typeof memoryExecution>;

/** One dag-processor in its process, as its control plane sees it. */
export class ProcessorProcess extends ProcessOverContract {
  readonly control: ControlHalf;
  /** The last word on each file. */
  readonly said = new Map<string, FileEvent>();
  readonly troubles: string[] = [];
  /** How often it had nothing left to do. */
  idles = 0;

  private constructor(child: Awaited<ReturnType<typeof ProcessOverContract.fork>>, control: ControlHalf) {
    super(child, control.execution, (message) => {
      if (message.kind === "event")
        this.#note((message as { readonly event?: ProcessorEvent }).event as ProcessorEvent);
    });
    this.control = control;
  }

  /** @param control Default: a new one, which knows nothing. */
  static async start(
    start: Omit<ProcessorStart, "childPath" | "cacheDir">,
    control: ControlHalf = memoryExecution(),
  ): Promise<ProcessorProcess> {
    const childPath = await builtFile("parse-child");
    const given: ProcessorStart = { ...start, childPath, cacheDir: join(start.projectDir, ".airloom/cache") };
    return new ProcessorProcess(
      await ProcessOverContract.fork("tests/hostile/files/processor-program.ts", given),
      control,
    );
  }

  #note(event: ProcessorEvent): void {
    if (event.kind === "idle") this.idles += 1;
    if (event.kind === "trouble") this.troubles.push(event.message);
    if (event.kind === "parsed" || event.kind === "broken") this.said.set(event.file, { event, at: performance.now() });
  }
}
