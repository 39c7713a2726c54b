/**
 * `npm run generate`: writes every file that is derived from code. The files are committed; `npm run check` fails when one
 * of them differs from what it is derived from.
 *
 * A generator is a file in `generators/` that exports `name` and `generate()`, which resolves with a list of
 * `{ path, text }`, paths relative to the root.
 */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./source-tree.mjs";

/** Everything that the generators would write, without writing it. */
export async function generateAll() {
  const folder = join(root, "scripts/generators");
  const outputs = [];
  for (const file of (await readdir(folder)).filter((entry) => entry.endsWith(".mjs")).sort()) {
    const generator = await import(pathToFileURL(join(folder, file)).href);
    outputs.push(...(await generator.generate()));
  }
  return outputs;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const { path, text } of await generateAll()) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    console.log(`wrote ${path}`);
  }
}
