/** What a listing tells of one object. `modified` in milliseconds since 1970. */
export interface ObjectHead {
  readonly key: string;
  readonly etag: string;
  readonly size: number;
  readonly modified: number;
  readonly type: string;
}

export interface ListingRequest {
  readonly prefix: string;
  readonly delimiter: string;
  /** Keys up to and including this one are left out. */
  readonly after: string;
  readonly maxKeys: number;
}

export interface Listing {
  readonly prefix: string;
  readonly maxKeys: number;
  readonly objects: readonly ObjectHead[];
  readonly prefixes: readonly string[];
  /** Continuation token; absent when the listing is complete. */
  readonly next?: string;
}

export interface ListedKeys {
  readonly keys: readonly string[];
  readonly prefixes: readonly string[];
  readonly next?: string;
}

/** One page of a listing: which keys and which common prefixes, in the order of their UTF-8 bytes, as S3 gives them. */
export function pageOfKeys(allKeys: readonly string[], request: ListingRequest): ListedKeys {
  if (request.maxKeys === 0) return { keys: [], prefixes: [] };
  const keys: string[] = [];
  const prefixes = new Set<string>();
  let last = "";
  for (const key of allKeys.toSorted(byBytes)) {
    if (!key.startsWith(request.prefix)) continue;
    const group = commonPrefix(key, request);
    if (byBytes(key, request.after) <= 0) continue;
    // A page that ended with a group has the group itself as its token: all of its keys have been told by then.
    if (group !== undefined && (group === request.after || prefixes.has(group))) continue;
    if (keys.length + prefixes.size === request.maxKeys) return { keys, prefixes: [...prefixes], next: toToken(last) };
    if (group === undefined) keys.push(key);
    else prefixes.add(group);
    last = group ?? key;
  }
  return { keys, prefixes: [...prefixes] };
}

const toToken = (key: string): string => Buffer.from(key).toString("base64url");
export const fromToken = (token: string): string => Buffer.from(token, "base64url").toString();

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function commonPrefix(key: string, { prefix, delimiter }: ListingRequest): string | undefined {
  if (delimiter === "") return undefined;
  const end = key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}
