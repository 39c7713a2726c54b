import { createHmac, timingSafeEqual } from "node:crypto";
import type { Actor, Role } from "./permissions.ts";

/** Signed, short-lived proof of who asks: JWT, HS512, one audience. */
export interface Tokens {
  issue(actor: Actor, lifetimeSeconds: number, now: Date): string;
  /** Null when it is malformed, expired, signed by another key, or for another audience. */
  verify(token: string, now: Date): Actor | null;
}

const audience = "airloom.api";
const header = encode({ alg: "HS512", typ: "JWT" });
const roles: ReadonlySet<string> = new Set(["viewer", "user", "op", "admin"]);

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

export function createTokens(key: Uint8Array): Tokens {
  const sign = (text: string): Buffer => createHmac("sha512", key).update(text).digest();
  return {
    issue({ name, role }, lifetimeSeconds, now) {
      const iat = Math.floor(now.getTime() / 1_000);
      const body = `${header}.${encode({ sub: name, role, aud: audience, iat, exp: iat + lifetimeSeconds })}`;
      return `${body}.${sign(body).toString("base64url")}`;
    },
    verify(token, now) {
      const [head = "", body = "", signature = "", ...rest] = token.split(".");
      if (head !== header || rest.length > 0) return null;
      const given = Buffer.from(signature, "base64url");
      const expected = sign(`${head}.${body}`);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
      return actorOf(body, now);
    },
  };
}

function actorOf(body: string, now: Date): Actor | null {
  const claims = JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as Record<string, unknown>;
  const { sub, role, aud, exp } = claims;
  if (aud !== audience || typeof exp !== "number" || exp * 1_000 <= now.getTime()) return null;
  return typeof sub === "string" && typeof role === "string" && roles.has(role)
    ? { name: sub, role: role as Role }
    : null;
}
