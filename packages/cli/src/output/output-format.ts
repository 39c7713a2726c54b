/** How results are written: a table for people; JSON and YAML for programs; `plain` for line tools: values between tabs, no header. */
export const outputFormats = ["table", "json", "yaml", "plain"] as const;
export type OutputFormat = (typeof outputFormats)[number];
