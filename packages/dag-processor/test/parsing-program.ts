import { parseOnce } from "@airloom/dag-processor";

/** Parses one file and ends; tests kill it meanwhile. */
const [projectDir = "", childPath = ""] = process.argv.slice(2);
await parseOnce({ projectDir, dagsFolder: "dags", cacheDir: `${projectDir}/.cache`, childPath, file: "loop.ts" });
