/** JSON data as YAML 1.2, block style. Texts are quoted whenever they could be read as something else. */
export function toYaml(value: unknown): string {
  return `${lines(value, "").join("\n")}\n`;
}

function lines(value: unknown, indent: string): string[] {
  if (Array.isArray(value))
    return value.length === 0 ? [`${indent}[]`] : value.flatMap((item) => listItem(item, indent));
  if (isObject(value)) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return entries.length === 0 ? [`${indent}{}`] : entries.flatMap(([key, item]) => entry(key, item, indent));
  }
  return [indent + scalar(value)];
}

function listItem(item: unknown, indent: string): string[] {
  const [first = "", ...rest] = lines(item, `${indent}  `);
  return [`${indent}- ${first.slice(indent.length + 2)}`, ...rest];
}

function entry(key: string, item: unknown, indent: string): string[] {
  const name = `${indent}${scalar(key)}:`;
  const nested = (Array.isArray(item) && item.length > 0) || (isObject(item) && Object.keys(item).length > 0);
  if (!nested) return [`${name} ${lines(item, "")[0]}`];
  return [name, ...lines(item, `${indent}  `)];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Words that YAML readers take for booleans, null or numbers must not stand bare. */
const bare = /^(?!(?:true|false|yes|no|on|off|null|y|n)$)[A-Za-z_/][\w ./+@-]*$/i;

function scalar(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value ?? null);
  return bare.test(value) && !value.endsWith(" ") ? value : JSON.stringify(value);
}
