import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { DagFileCase } from "../case.ts";

/** A case with its place among the others. */
export interface PlacedCase {
  readonly of: DagFileCase;
  /** Stands for the case in paths and ids. */
  readonly slug: string;
  /** Its Dag file, relative to the Dags folder. */
  readonly file: string;
}

/** One project with many Dag files: some good, some hostile. */
export class DagsFolder implements Disposable {
  readonly projectDir = realpathSync(mkdtempSync(join(tmpdir(), "airloom-hostile-")));

  constructor() {
    this.write("package.json", `{"type":"module"}`);
    mkdirSync(join(this.projectDir, "dags"));
  }

  /** @param path relative to the project. */
  write(path: string, content: string | Uint8Array): void {
    const place = join(this.projectDir, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, content);
  }

  /** A neighbour that is good, in its nth edition. */
  writeNeighbour(name: string, edition: number): void {
    this.write(`dags/${name}.ts`, goodDag(name, `edition_${edition}`));
  }

  /** The good version that a hostile one then replaces. */
  writeGood({ slug, file }: PlacedCase): void {
    this.#clear(slug);
    this.write(`dags/${file}`, goodDag(keptId(slug), "t"));
  }

  /** @returns why the case cannot be had here; null when it is there. */
  writeHostile({ of, slug }: PlacedCase): string | null {
    const folder = join(this.projectDir, "dags", slug);
    const others = Object.entries(of.files).filter(([path]) => path !== "bad.ts");
    const main = Object.entries(of.files).filter(([path]) => path === "bad.ts");
    if (of.place) this.#clear(slug);
    mkdirSync(folder, { recursive: true });
    // What it imports is there before it is.
    for (const [path, content] of [...others, ...main]) {
      const text = typeof content === "string" ? content.replaceAll("$ID", slug) : content;
      this.write(`dags/${slug}/${path}`, text);
    }
    return of.place?.(folder) ?? null;
  }

  #clear(slug: string): void {
    const folder = join(this.projectDir, "dags", slug);
    if (!existsSync(folder)) return;
    chmodSync(folder, 0o755);
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.projectDir, { recursive: true, force: true });
  }
}

export const keptId = (slug: string): string => `kept_${slug}`;

const goodDag = (id: string, taskId: string): string =>
  `import { dag, task } from "airloom";\nexport default dag("${id}", {}, () => { task("${taskId}", () => 1)(); });\n`;

/** Gives each case its folder and its id. */
export const placed = (cases: readonly DagFileCase[]): readonly PlacedCase[] =>
  cases.map((of, index) => {
    const words = of.name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "_")
      .slice(0, 40);
    const slug = `c${index}_${words}`;
    return { of, slug, file: `${slug}/bad.ts` };
  });
