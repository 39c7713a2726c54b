import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };
const keyBytes = 32;

const derive = (password: string, salt: Uint8Array): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, keyBytes, cost, (error, key) => (error ? reject(error) : resolve(key)));
  });

/** scrypt with the OWASP ASVS 5 minimum (N = 2^17, r = 8, p = 1), as a PHC string. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt);
  return `$scrypt$ln=17,r=8,p=1$${salt.toString("base64")}$${key.toString("base64")}`;
}

// Unknown users cost as much time as known ones.
let nobodysHash: Promise<string> | undefined;

const dummyHash = (): Promise<string> => {
  nobodysHash ??= hashPassword(randomBytes(16).toString("hex"));
  return nobodysHash;
};

/** @param hash Null for a user who does not exist: it takes as long, and is false. */
export async function verifyPassword(password: string, hash: string | null): Promise<boolean> {
  const [, , , salt = "", key = ""] = (hash ?? (await dummyHash())).split("$");
  const derived = await derive(password, Buffer.from(salt, "base64"));
  const expected = Buffer.from(key, "base64");
  return expected.length === derived.length && timingSafeEqual(expected, derived) && hash !== null;
}
