import { AirloomError } from "@airloom/core";
import { type Config, type ConfigSource, environmentName, type Option, options } from "./options.ts";

export interface ResolvedConfig {
  readonly config: Config;
  readonly sources: ReadonlyMap<string, ConfigSource>;
}

/** What is given besides the environment: by flags, and by `airloom.config.ts` (its JSON). */
export interface ConfigInput {
  readonly flags?: Nested;
  readonly file?: Nested;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Defaults of this command that differ from the table's. */
  readonly defaults?: Nested;
}

export type Nested = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;

/**
 * Flags, then `AIRLOOM__SECTION__KEY`, then `airloom.config.ts`, then defaults.
 * @throws CONFIG_INVALID naming the option, the value and where it came from.
 */
export function resolveConfig(input: ConfigInput): ResolvedConfig {
  refuseUnknown(input);
  const sources = new Map<string, ConfigSource>();
  const config: Record<string, Record<string, unknown>> = {};
  for (const [section, keys] of Object.entries(options)) {
    const values: Record<string, unknown> = {};
    for (const [key, option] of Object.entries(keys)) {
      const { value, source } = resolveOne({ section, key, option: option as Option<unknown>, input });
      values[key] = value;
      sources.set(`${section}.${key}`, source);
    }
    config[section] = values;
  }
  return { config: config as unknown as Config, sources };
}

interface OneOption {
  readonly section: string;
  readonly key: string;
  readonly option: Option<unknown>;
  readonly input: ConfigInput;
}

function resolveOne({ section, key, option, input }: OneOption): { value: unknown; source: ConfigSource } {
  const name = `${section}.${key}`;
  const flagged = input.flags?.[section]?.[key];
  if (flagged !== undefined) return { value: typed(name, option, flagged), source: "flag" };
  const variable = environmentName(section, key);
  const set = input.environment[variable];
  if (set !== undefined && set !== "") return { value: parsed(variable, option, set), source: "environment" };
  const filed = input.file?.[section]?.[key];
  if (filed !== undefined) return { value: typed(`${name} in airloom.config.ts`, option, filed), source: "file" };
  return { value: input.defaults?.[section]?.[key] ?? option.default, source: "default" };
}

function parsed(name: string, option: Option<unknown>, value: string): unknown {
  try {
    return option.parse(value);
  } catch (error) {
    throw new AirloomError("CONFIG_INVALID", {
      name,
      value: option.secret ? "***" : value,
      reason: (error as Error).message,
    });
  }
}

/** A value that was given as such, by a flag or in the file: of the option's type, or text that can be read as it. */
function typed(name: string, option: Option<unknown>, value: unknown): unknown {
  if (Array.isArray(option.default) ? Array.isArray(value) : typeof value === typeof option.default) return value;
  if (typeof value === "string") return parsed(name, option, value);
  const wanted = Array.isArray(option.default) ? "list" : typeof option.default;
  const reason = `a ${typeof value} was given, a ${wanted} is needed`;
  throw new AirloomError("CONFIG_INVALID", { name, value: option.secret ? "***" : String(value), reason });
}

/** A misspelt option that is silently ignored costs an evening. */
function refuseUnknown({ file, environment }: ConfigInput): void {
  const known = new Set(
    Object.entries(options).flatMap(([section, keys]) => Object.keys(keys).map((key) => environmentName(section, key))),
  );
  const strangers = Object.keys(environment).filter((name) => name.startsWith("AIRLOOM__") && !known.has(name));
  for (const [section, keys] of Object.entries(file ?? {}))
    for (const key of Object.keys(keys ?? {}))
      if (!known.has(environmentName(section, key))) strangers.push(`${section}.${key} in airloom.config.ts`);
  const name = strangers[0];
  if (name !== undefined) throw new AirloomError("CONFIG_UNKNOWN", { name });
}
