import { absurdText, oddDates, oddNumbers } from "../absurd.ts";
import type { Random } from "../random.ts";
import type { FuzzBody } from "./fuzz-request.ts";
import type { Json } from "./valid-json.ts";

/** JSON text that no value of JavaScript stands for; a string of this name is replaced by it. */
const rawTexts: Readonly<Record<string, string>> = {
  "@raw:deep-list@": `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
  "@raw:deep-object@": `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`,
  "@raw:some-depth@": `${"[".repeat(2_000)}${"]".repeat(2_000)}`,
  "@raw:huge-number@": "1e400",
  "@raw:many-digits@": "9".repeat(10_000),
  "@raw:minus-zero@": "-0",
  "@raw:half-surrogate@": '"\\ud83d"',
  "@raw:nul@": '"a\\u0000b"',
  "@raw:proto@": '{"__proto__":{"admin":true}}',
  "@raw:constructor@": '{"constructor":{"prototype":{"admin":true}}}',
  "@raw:twice@": '{"a":1,"a":2}',
};

/** A value that is rarely meant. */
function oddJson(random: Random): Json {
  return random.pick<() => Json>([
    () => null,
    () => true,
    () => random.pick(oddNumbers),
    () => absurdText(random),
    () => random.pick(oddDates),
    () => [],
    () => ({}),
    () => [null, [null, []]],
    () => ({ a: { b: [1] } }),
    () => Array.from({ length: random.pick([101, 1_001, 10_001]) }, (_, index) => index),
    () => random.pick(Object.keys(rawTexts)),
  ])();
}

/** The text of a value, raw texts in their places. */
export function jsonText(value: Json): string {
  let text = JSON.stringify(value);
  // A function, for `$` means something in a replacement.
  for (const [name, raw] of Object.entries(rawTexts))
    if (text.includes(name)) text = text.replaceAll(`"${name}"`, () => raw);
  return text;
}

/** A value with one thing changed: left out, added, renamed, or of another kind. */
export function mutated(value: Json, random: Random): { readonly value: Json; readonly odd: string } {
  if (random.percent(8)) return { value: oddJson(random), odd: "another body" };
  if (typeof value !== "object" || value === null) return { value: oddJson(random), odd: "another value" };
  if (Array.isArray(value)) return mutatedList(value, random);
  return mutatedObject(value as Readonly<Record<string, Json>>, random);
}

function mutatedList(value: readonly Json[], random: Random) {
  if (value.length === 0 || random.percent(30)) return { value: [...value, oddJson(random)], odd: "one more item" };
  const at = random.between(0, value.length - 1);
  const { value: item, odd } = mutated(value[at] ?? null, random);
  return { value: value.map((one, index) => (index === at ? item : one)), odd: `item ${at}: ${odd}` };
}

function mutatedObject(value: Readonly<Record<string, Json>>, random: Random) {
  const keys = Object.keys(value);
  const without = (key: string) => Object.entries(value).filter(([name]) => name !== key);
  const way = random.between(0, 9);
  if (keys.length === 0 || way === 0)
    return { value: { ...value, [absurdText(random) || "surprise"]: oddJson(random) }, odd: "a strange field" };
  const key = random.pick(keys);
  if (way === 1) return { value: Object.fromEntries(without(key)), odd: `without ${key}` };
  // Own properties, as JSON.parse makes them: a literal would set the prototype.
  if (way === 2)
    return {
      value: Object.fromEntries([...without(key), ["__proto__", value[key] ?? null]]),
      odd: `${key} is __proto__`,
    };
  if (way < 6) {
    const { value: inner, odd } = mutated(value[key] ?? null, random);
    return { value: { ...value, [key]: inner }, odd: `${key}: ${odd}` };
  }
  return { value: { ...value, [key]: oddJson(random) }, odd: `${key} is odd` };
}

/** A body that is spoiled as text: cut, doubled, of other bytes. */
export function spoiledBody(text: string, random: Random): { readonly body: FuzzBody; readonly odd: string } {
  return random.pick<() => { body: FuzzBody; odd: string }>([
    () => ({ body: { text: text.slice(0, random.between(0, text.length)) }, odd: "cut" }),
    () => ({ body: { text: `${text}${text}` }, odd: "twice" }),
    () => ({ body: { text: `\ufeff${text}` }, odd: "with a BOM" }),
    () => ({ body: { text: text.replaceAll('"', "'") }, odd: "single quotes" }),
    () => ({ body: { text: `/* hello */ ${text}` }, odd: "with a comment" }),
    () => ({ body: { text: "" }, odd: "empty" }),
    () => ({ body: { text: " \n" }, odd: "blank" }),
    () => ({ body: { text: "not json" }, odd: "no JSON" }),
    () => ({ body: { text: "key=value&other=1" }, odd: "a form" }),
    () => ({ body: { base64: Buffer.from(text, "utf16le").toString("base64") }, odd: "UTF-16" }),
    () => ({ body: { base64: brokenUtf8(text, random) }, odd: "bad UTF-8" }),
    () => ({ body: { base64: Buffer.from([0, 1, 2, 255, 254, 128]).toString("base64") }, odd: "bytes" }),
    () => ({ body: { unit: "[", times: 100_000 }, odd: "open brackets" }),
    () => ({ body: { unit: '{"a":', times: 50_000 }, odd: "open braces" }),
  ])();
}

function brokenUtf8(text: string, random: Random): string {
  const bytes = Buffer.from(text);
  const bad = Buffer.from(
    random.pick([[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]),
  );
  const at = random.between(0, bytes.length);
  return Buffer.concat([bytes.subarray(0, at), bad, bytes.subarray(at)]).toString("base64");
}

/** A body around the limit, or far beyond it. */
export function largeBody(random: Random, limit: number): { readonly body: FuzzBody; readonly odd: string } {
  const size = random.pick([limit - 1, limit, limit + 1, limit * 3]);
  const before = '{"key":"';
  const after = '"}';
  const times = size - before.length - after.length;
  return { body: { before, unit: "a", times, after }, odd: `${size} bytes` };
}
