import type { Random } from "./random.ts";

export interface Mutated {
  readonly code: string;
  /** What was done, in order. */
  readonly mutations: readonly string[];
}

type Mutation = (code: string, random: Random, others: readonly string[]) => string;

/** Words, numbers, strings, signs, blanks. */
const tokensOf = (code: string): string[] => code.match(/[A-Za-z_$][\w$]*|\d+|"[^"\n]*"|'[^'\n]*'|\s+|[^\s\w]/g) ?? [];

const insertions = [
  "(",
  ")",
  "{",
  "}",
  "[",
  "]",
  ",",
  ";",
  "=>",
  "...",
  "`",
  '"',
  "//",
  "/*",
  "*/",
  "await ",
  "async ",
  "export default ",
  "?.",
  "#",
  "@",
  "<",
  "\\",
  "null",
  "undefined",
  "NaN",
  "-1",
  "1e999",
  '"../x"',
  "0n",
  "Symbol()",
  "new Date()",
  "Math.random()",
  "Promise.resolve()",
  "{}",
  "[]",
];
const noise = [
  "\u0000",
  "\u200b",
  "\u202e",
  "\ufeff",
  "\ud800",
  "é",
  "名",
  "🎉",
  "\r",
  "\u2028",
  "\u00a0",
  "\u001b[31m",
];

const at = (text: string, random: Random): number => random.between(0, Math.max(0, text.length - 1));

const mutations: Readonly<Record<string, Mutation>> = {
  "a token gone": (code, random) => {
    const tokens = tokensOf(code);
    tokens.splice(random.between(0, tokens.length - 1), 1);
    return tokens.join("");
  },
  "a token twice": (code, random) => {
    const tokens = tokensOf(code);
    const place = random.between(0, tokens.length - 1);
    tokens.splice(place, 0, tokens[place] ?? "");
    return tokens.join("");
  },
  "two tokens swapped": (code, random) => {
    const tokens = tokensOf(code);
    const [one, two] = [random.between(0, tokens.length - 1), random.between(0, tokens.length - 1)];
    [tokens[one], tokens[two]] = [tokens[two] ?? "", tokens[one] ?? ""];
    return tokens.join("");
  },
  "a token in another's place": (code, random, others) => {
    const tokens = tokensOf(code);
    tokens[random.between(0, tokens.length - 1)] = random.pick(tokensOf(random.pick(others)));
    return tokens.join("");
  },
  "something put in": (code, random) => {
    const place = at(code, random);
    return code.slice(0, place) + random.pick(insertions) + code.slice(place);
  },
  "the end gone": (code, random) => code.slice(0, at(code, random)),
  "the start gone": (code, random) => code.slice(at(code, random)),
  "lines gone": (code, random) => {
    const lines = code.split("\n");
    lines.splice(random.between(0, lines.length - 1), random.between(1, 5));
    return lines.join("\n");
  },
  "lines twice": (code, random) => {
    const lines = code.split("\n");
    const place = random.between(0, lines.length - 1);
    lines.splice(place, 0, ...lines.slice(place, place + random.between(1, 8)));
    return lines.join("\n");
  },
  "lines of another file": (code, random, others) => {
    const lines = code.split("\n");
    const theirs = random.pick(others).split("\n");
    const from = random.between(0, theirs.length - 1);
    lines.splice(random.between(0, lines.length), 0, ...theirs.slice(from, from + random.between(1, 10)));
    return lines.join("\n");
  },
  noise: (code, random) => {
    const place = at(code, random);
    return code.slice(0, place) + random.pick(noise).repeat(random.between(1, 3)) + code.slice(place);
  },
  "a byte changed": (code, random) => {
    const bytes = Buffer.from(code);
    if (bytes.length > 0) bytes[random.between(0, bytes.length - 1)] = random.between(0, 255);
    return bytes.toString("latin1");
  },
  "a number changed": (code, random) =>
    code.replace(/\d+/g, (digits) =>
      random.percent(30) ? random.pick(["0", "-1", "1e21", "NaN", "2n", "99999999999"]) : digits,
    ),
  "a string changed": (code, random) =>
    code.replace(/"[^"\n]*"/g, (text) =>
      random.percent(15) ? random.pick(['""', '"../x"', '"a b"', `"${"x".repeat(300)}"`, '"\\0"', "7", "null"]) : text,
    ),
  "two files in one": (code, random, others) => `${code}\n${random.pick(others)}`,
};

/** One to four mutations of a text. */
export function mutate(code: string, others: readonly string[], random: Random): Mutated {
  const names = random.some(Object.keys(mutations), random.between(1, 4));
  const spoilt = names.reduce((text, name) => mutations[name]?.(text, random, others) ?? text, code);
  return { code: spoilt, mutations: names };
}
