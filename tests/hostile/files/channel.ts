import { all, breaks, type DagFileCase, imports, loads, one } from "../case.ts";

const never = "await new Promise(() => {});";
const fs = `import { closeSync, writeSync, readSync, fstatSync } from "node:fs"; void [closeSync, readSync, fstatSync];`;
/** Writes a message as the child itself would. */
const forge = (message: string): string =>
  `${fs} const b = Buffer.from(JSON.stringify(${message})); const h = Buffer.alloc(4); h.writeUInt32LE(b.length); writeSync(3, Buffer.concat([h, b]));`;
const garbled = /broke the process that loads it/;

/** Files that print junk, and such as speak on the private channel in the child's name. Row 41. */
export const channel: readonly DagFileCase[] = all({ row: 41 }, [
  loads(
    "junk on stdout",
    `${imports}console.log("junk " + "x".repeat(1e6)); process.stdout.write("\\u0000\\u00ff");\n${one}`,
    { expected: { loads: ["$ID"], warning: /junk x/ } },
  ),
  loads(
    "junk on stderr",
    `${imports}console.error("trouble?"); process.stderr.write(Buffer.from([0, 255, 27]));\n${one}`,
    { expected: { loads: ["$ID"], warning: /trouble\?/ } },
  ),
  loads(
    "a hundred megabytes on stdout",
    `${imports}const big = "y".repeat(1e6); for (let i = 0; i < 100; i++) process.stdout.write(big);\n${one}`,
    { isHeavy: true },
  ),
  loads("ANSI and script on stdout", `${imports}console.log("\\u001b[2J<script>alert(1)</script>");\n${one}`, {
    expected: { loads: ["$ID"], warning: /script/ },
  }),
  loads(
    "what looks like a message, on stdout",
    `${imports}console.log(JSON.stringify({ kind: "loaded", id: 1, dags: [], leftovers: [] }));\n${one}`,
  ),
  loads("a closed stdout", `${imports}import { closeSync } from "node:fs"; closeSync(1); closeSync(2);\n${one}`),
  loads("an ended stdout", `${imports}process.stdout.end(); process.stderr.destroy();\n${one}`),
  breaks("junk on the channel", `${fs} writeSync(3, "not a frame at all"); ${never}`, ["exit", garbled]),
  breaks("zeros on the channel", `${fs} writeSync(3, Buffer.alloc(64)); ${never}`, ["exit", garbled]),
  breaks(
    "a frame that promises a gigabyte",
    `${fs} const h = Buffer.alloc(8); h.writeUInt32LE(2 ** 30); writeSync(3, h); ${never}`,
    ["exit", garbled],
  ),
  breaks(
    "half a frame, then the end",
    `${fs} const h = Buffer.alloc(8); h.writeUInt32LE(1000); writeSync(3, h); process.exit(0);`,
    ["exit", /code 0/],
  ),
  breaks("a frame that is no JSON", `${fs} writeSync(3, Buffer.from([3, 0, 0, 0, 123, 123, 123])); ${never}`, [
    "exit",
    garbled,
  ]),
  breaks("a frame that is null", `${forge("null")} ${never}`, ["exit", garbled]),
  breaks("a frame that is a list", `${forge("[]")} ${never}`, ["exit", garbled]),
  breaks("a closed channel", `${fs} closeSync(3); ${never}`, ["exit", garbled]),
  breaks("every descriptor closed", `${fs} for (let fd = 0; fd < 64; fd++) try { closeSync(fd); } catch {} ${never}`, [
    "exit",
    /./,
  ]),
  breaks("another question answered", `${forge(`{ kind: "loaded", id: 999, dags: [], leftovers: [] }`)} ${never}`, [
    "exit",
    garbled,
  ]),
  breaks("a message of an unknown kind", `${forge(`{ kind: "publish", id: 1 }`)} ${never}`, ["exit", garbled]),
  breaks("a ready in the middle", `${forge(`{ kind: "ready", protocol: 1 }`)} ${never}`, ["exit", garbled]),
  breaks(
    "an answer without Dags",
    `${fs} for (let id = 0; id < 300; id++) { const b = Buffer.from(JSON.stringify({ kind: "loaded", id, leftovers: [] })); const h = Buffer.alloc(4); h.writeUInt32LE(b.length); writeSync(3, Buffer.concat([h, b])); } ${never}`,
    ["exit", garbled],
  ),
  breaks(
    "a read of the other end's questions",
    `${fs} const b = Buffer.alloc(10); try { readSync(3, b); } catch {} throw new Error("read");`,
    ["throw", /read|EAGAIN/, /^bad\.ts:1:/],
  ),
  breaks("an error that is no text", `${forge(`{ kind: "failed", id: 1, failure: 7 }`)} ${never}`, ["exit", garbled]),
]);
