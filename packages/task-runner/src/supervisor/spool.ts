import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { failpoint } from "@airloom/core";
import { type FinishRequest, packMessage, unpackMessage } from "@airloom/wire";

export type SpooledFinish = Omit<FinishRequest, "claim">;

/** Outcomes that could not be delivered yet, kept where the end of this process does not reach them. */
export interface OutcomeSpool {
  save(finish: SpooledFinish): Promise<void>;
  remove(finish: SpooledFinish): Promise<void>;
  list(): Promise<readonly SpooledFinish[]>;
}

/** Outcomes that could not be delivered yet, as files: a worker that starts again delivers them. */
export class Spool implements OutcomeSpool {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The file appears whole or not at all. It holds the attempt's token: nobody else may read it. */
  async save(finish: SpooledFinish): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const file = this.#fileOf(finish);
    await writeFile(`${file}.tmp`, packMessage(finish), { mode: 0o600 });
    await rename(`${file}.tmp`, file);
    if (globalThis.FAILPOINTS) await failpoint("worker.result.spooled");
  }

  async remove(finish: SpooledFinish): Promise<void> {
    await rm(this.#fileOf(finish), { force: true });
  }

  /** What is there; a file that cannot be read is dropped. */
  async list(): Promise<readonly SpooledFinish[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const found = await Promise.all(names.filter((name) => name.endsWith(".finish")).map((name) => this.#read(name)));
    return found.flat();
  }

  async #read(name: string): Promise<readonly SpooledFinish[]> {
    const file = join(this.#folder, name);
    try {
      return [unpackMessage(await readFile(file)) as SpooledFinish];
    } catch {
      await rm(file, { force: true });
      return [];
    }
  }

  #fileOf({ taskInstanceId, attempt }: SpooledFinish): string {
    return join(this.#folder, `${encodeURIComponent(taskInstanceId)}-${attempt}.finish`);
  }
}
