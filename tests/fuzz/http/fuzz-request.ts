import { gzipSync } from "node:zlib";

/** A body as it can stand in a file of cases. */
export type FuzzBody =
  | { readonly text: string }
  | { readonly base64: string }
  /** `before`, `unit` so many times, `after`. */
  | { readonly unit: string; readonly times: number; readonly before?: string; readonly after?: string };

/** One request as data: what the fuzzer sends, prints when something is wrong, and keeps as a case. */
export interface FuzzRequest {
  /** Of the OpenAPI document, `GET /api/v2/dags/{dag_id}`; `execution claim`; "" when it is none of ours. */
  readonly route: string;
  readonly method: string;
  /** As it goes over the wire, with its query. */
  readonly path: string;
  /** `authorization: @admin` stands for the token of that role. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: FuzzBody;
  /** The body is sent compressed. */
  readonly gzip?: boolean;
  /** What is odd about it, in a few words. */
  readonly odd: readonly string[];
  /** It must not be answered with success: its sender may not, or is nobody. */
  readonly mustRefuse?: boolean;
}

export function bytesOf({ body, gzip }: FuzzRequest): Buffer | undefined {
  if (body === undefined) return undefined;
  const plain = plainBytes(body);
  return gzip ? gzipSync(plain) : plain;
}

function plainBytes(body: FuzzBody): Buffer {
  if ("text" in body) return Buffer.from(body.text);
  if ("base64" in body) return Buffer.from(body.base64, "base64");
  return Buffer.from(`${body.before ?? ""}${body.unit.repeat(body.times)}${body.after ?? ""}`);
}

/** Percent-encodes like `encodeURIComponent`, which throws at half of a surrogate pair. */
export const encoded = (text: string): string => encodeURIComponent(Buffer.from(text).toString());
