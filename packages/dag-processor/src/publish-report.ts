import { AirloomError } from "@airloom/core";
import type { ExecutionContract, ImportError } from "@airloom/wire";
import { brokenHash, type FileReport } from "./parse-bundle.ts";

export type PublishContract = Pick<ExecutionContract, "openParseSession" | "missingParts" | "putPart" | "publish">;

/** Publishes what files gave, with the parts the control plane lacks. */
export interface Publisher {
  /** @returns ids of the Dags that have a new version; `refused` when the control plane will not take the report. */
  publish(
    report: FileReport,
    contents: ReadonlyMap<string, Uint8Array>,
  ): Promise<{ readonly published: readonly string[]; readonly refused: ImportError | null }>;
}

export function createPublisher(contract: PublishContract): Publisher {
  // Files that share their packages would else each send them.
  const sending = new Map<string, Promise<void>>();
  const send = (hash: string, bytes: Uint8Array): Promise<void> => {
    const known = sending.get(hash);
    if (known) return known;
    const sent = contract.putPart(hash, bytes).finally(() => sending.delete(hash));
    sending.set(hash, sent);
    return sent;
  };
  const deliver: Publisher["publish"] = async (report, contents) => {
    if (report.kind === "parsed") {
      const missing = await contract.missingParts(report.artifact.parts.map(({ hash }) => hash));
      for (const hash of missing) await send(hash, contents.get(hash) ?? new Uint8Array());
    }
    return { ...(await contract.publish(report)), refused: null };
  };
  return {
    async publish(report, contents) {
      try {
        return await deliver(report, contents);
      } catch (error) {
        if (!isRefusal(error) || report.kind === "broken") throw error;
        const refused = refusalError(error, report.file);
        const { file } = report;
        await contract.publish({ kind: "broken", file, sourceHash: brokenHash(report.sourceHash), error: refused });
        return { published: [], refused };
      }
    },
  };
}

/** It will not be taken however often it is sent: the author has to know. */
const isRefusal = (error: unknown): error is AirloomError =>
  error instanceof AirloomError && [400, 413, 422].includes(error.status);

const refusalError = ({ message, hint, status }: AirloomError, file: string): ImportError => ({
  kind: status === 413 ? "limit" : "spec",
  message,
  location: file,
  stack: null,
  hint,
});
