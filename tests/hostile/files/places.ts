import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { all, type DagFileCase, imports, loads, one } from "../case.ts";

const placedBy = (
  name: string,
  place: (file: string, folder: string) => void,
  expected: DagFileCase["expected"],
): DagFileCase => ({
  name,
  row: 36,
  files: {},
  place: (folder) => {
    place(join(folder, "bad.ts"), folder);
    return null;
  },
  expected,
});

const ignored = { ignored: true } as const;
const isRoot = process.getuid?.() === 0;
const good = `${imports}${one}`.replaceAll("$ID", "good");

/** What lies where a Dag file should. Rows 36 and 45. */
export const places: readonly DagFileCase[] = all({ row: 45 }, [
  placedBy("a folder named as a file", (file) => mkdirSync(file), ignored),
  placedBy("a pipe named as a file", (file) => void spawnSync("mkfifo", [file]), ignored),
  placedBy("a link to nowhere", (file) => symlinkSync("nowhere.ts", file), ignored),
  placedBy("a link to itself", (file) => symlinkSync("bad.ts", file), ignored),
  placedBy(
    "two links in a circle",
    (file, folder) => {
      symlinkSync("b.ts", file);
      symlinkSync("bad.ts", join(folder, "b.ts"));
    },
    ignored,
  ),
  placedBy("a link to its own folder", (_file, folder) => symlinkSync(".", join(folder, "bad.ts")), ignored),
  placedBy("a link to a device", (file) => symlinkSync("/dev/zero", file), ignored),
  placedBy("a link to the system's files", (file) => symlinkSync("/proc/self/environ", file), {
    kind: "syntax",
    message: /./,
    at: /^(bad\.ts|.*\/environ)/,
  }),
  placedBy(
    "a link to a folder above",
    (_file, folder) => {
      symlinkSync("..", join(folder, "up"));
    },
    ignored,
  ),
  placedBy(
    "a hundred folders deep",
    (_file, folder) => mkdirSync(join(folder, ...Array.from({ length: 100 }, () => "d")), { recursive: true }),
    ignored,
  ),
  placedBy(
    "a name with blanks and signs",
    (_file, folder) => writeFileSync(join(folder, "it's a (strange) $name; #1.txt"), good),
    ignored,
  ),
  {
    ...placedBy(
      "a file that may not be read",
      (file) => {
        writeFileSync(file, good);
        chmodSync(file, 0);
      },
      { kind: "read", message: /EACCES/, at: /^bad\.ts/ },
    ),
    place: (folder) => {
      if (isRoot) return "root may read every file";
      writeFileSync(join(folder, "bad.ts"), good);
      chmodSync(join(folder, "bad.ts"), 0);
      return null;
    },
  },
  {
    ...placedBy("a folder that may not be listed", () => undefined, ignored),
    place: (folder) => {
      if (isRoot) return "root may list every folder";
      rmSync(join(folder, "bad.ts"), { force: true });
      mkdirSync(join(folder, "shut"));
      writeFileSync(join(folder, "shut/bad.ts"), good);
      chmodSync(join(folder, "shut"), 0);
      return null;
    },
  },
  loads(
    "a Dag that reads its own file's folder",
    `${imports}import { readdirSync } from "node:fs"; readdirSync(new URL(".", import.meta.url));\n${one}`,
  ),
]);
