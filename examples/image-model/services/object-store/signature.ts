import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { S3Error } from "./s3-error.ts";

export interface AccessKey {
  readonly id: string;
  readonly secret: string;
}

/** Clocks may differ by this much, as in S3: 15 minutes. */
const maxSkewMs = 15 * 60_000;

/**
 * Checks the request's AWS Signature Version 4 (header form). Web pages cannot sign, so none can write here either.
 * Source: AWS IAM user guide, "Create a signed AWS API request". `now` in milliseconds.
 */
export function requireSignature(request: IncomingMessage, key: AccessKey, now: number): void {
  const header = request.headers.authorization;
  if (header === undefined) throw new S3Error(403, "AccessDenied", "The request is not signed.");
  const parts =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8}\/[^/]+\/[^/]+\/aws4_request), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      header,
    );
  const [, id, scope, signedHeaders, signature] = parts ?? [];
  if (id === undefined || scope === undefined || signedHeaders === undefined || signature === undefined) {
    throw new S3Error(
      400,
      "AuthorizationHeaderMalformed",
      "The Authorization header is not of the form AWS4-HMAC-SHA256.",
    );
  }
  if (id !== key.id) throw new S3Error(403, "InvalidAccessKeyId", `The access key "${id}" is not known here.`);
  const stamp = String(request.headers["x-amz-date"]);
  if (!(Math.abs(parseStamp(stamp) - now) <= maxSkewMs)) {
    throw new S3Error(403, "RequestTimeTooSkewed", "The request's x-amz-date is missing or more than 15 minutes off.");
  }
  const text = ["AWS4-HMAC-SHA256", stamp, scope, sha256(canonicalRequest(request, signedHeaders))].join("\n");
  const expected = hmac(signingKey(key.secret, scope), text);
  if (!timingSafeEqual(expected, Buffer.from(signature, "hex"))) {
    throw new S3Error(403, "SignatureDoesNotMatch", "The signature does not match; check the secret key.");
  }
}

function canonicalRequest(request: IncomingMessage, signedHeaders: string): string {
  const [path = "/", query = ""] = (request.url ?? "/").split("?", 2);
  const names = signedHeaders.split(";");
  const headers = names.map(
    (name) =>
      `${name}:${String(request.headers[name] ?? "")
        .trim()
        .replaceAll(/ +/g, " ")}\n`,
  );
  const pairs = query === "" ? [] : query.split("&").map((pair) => (pair.includes("=") ? pair : `${pair}=`));
  const payload = request.headers["x-amz-content-sha256"] ?? "UNSIGNED-PAYLOAD";
  return [request.method, path, pairs.toSorted().join("&"), headers.join(""), signedHeaders, payload].join("\n");
}

function signingKey(secret: string, scope: string): Buffer {
  return scope.split("/").reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${secret}`));
}

function parseStamp(stamp: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp);
  const [, year, month, day, hour, minute, second] = (parts ?? []).map(Number);
  if (year === undefined || month === undefined) return Number.NaN;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
