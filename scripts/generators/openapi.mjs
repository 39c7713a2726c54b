import { importSource } from "../import-source.mjs";

export const name = "description of the API";

/** `docs/reference/openapi.json` from the table of routes that the API serves. */
export async function generate() {
  const { describeApi } = await importSource("packages/api/src/describe-api.ts");
  return [{ path: "docs/reference/openapi.json", text: `${JSON.stringify(describeApi(), null, 2)}\n` }];
}
