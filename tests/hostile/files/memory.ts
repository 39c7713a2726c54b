import { all, breaks, type DagFileCase, imports, loads, one } from "../case.ts";

const large = (name: string, code: string): DagFileCase =>
  breaks(name, code, ["memory", /more than 512 MB of memory/, /^bad\.ts/]);

/** Files that want all the memory there is. Row 38. */
export const memory: readonly DagFileCase[] = all({ row: 38, isHeavy: true }, [
  large("a list without end", "const l: number[][] = []; for (;;) l.push(new Array(1e6).fill(1));"),
  large("buffers without end", "const l: Buffer[] = []; for (;;) l.push(Buffer.alloc(5e7, 1));"),
  large(
    "strings without end",
    "const l: string[] = []; for (let i = 0; ; i++) l.push(String(i).repeat(1e6).split('').join('x'));",
  ),
  large("objects without end", "const l: object[] = []; for (let i = 0; ; i++) l.push({ i, a: [i] });"),
  large("a map without end", "const m = new Map(); for (let i = 0; ; i++) m.set({ i }, i);"),
  large("one buffer beyond the limit", "Buffer.alloc(2 ** 31);"),
  large("one array buffer beyond the limit", "new ArrayBuffer(2 ** 31);"),
  breaks("a list longer than lists may be", "new Array(2 ** 32);", ["throw", /Invalid array length/, ":1:1"]),
  breaks("a string longer than strings may be", `"x".repeat(2 ** 30);`, ["throw", /Invalid string length/, ":1:5"]),
  large(
    "closures that hold each other",
    "let f: any = () => 0; for (;;) { const g = f; const big = new Array(1000).fill(1); f = () => [g, big]; }",
  ),
  large(
    "tasks without end",
    `${imports}const t = task("t", (s: string) => s); export default dag("x", {}, () => { for (let i = 0; ; i++) t.with({ id: "t" + i })("x".repeat(1e4) + i); });`,
  ),
  loads("much memory, given back", `${imports}for (let i = 0; i < 20; i++) new Array(1e6).fill(i);\n${one}`),
]);
