import type { Listing } from "./listing.ts";
import type { S3Error } from "./s3-error.ts";

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
const namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

export const errorXml = (error: S3Error, resource: string): string =>
  `${declaration}<Error><Code>${error.code}</Code><Message>${escapeXml(error.message)}</Message><Resource>${escapeXml(resource)}</Resource></Error>`;

export const bucketsXml = (names: readonly string[]): string =>
  `${declaration}<ListAllMyBucketsResult xmlns="${namespace}"><Buckets>${names
    .map((name) => `<Bucket><Name>${escapeXml(name)}</Name></Bucket>`)
    .join("")}</Buckets></ListAllMyBucketsResult>`;

export const locationXml = (): string => `${declaration}<LocationConstraint xmlns="${namespace}"/>`;

/** `urlEncoded`: what `encoding-type=url` asks for, because XML cannot hold every character that a key can. */
export function listingXml(bucket: string, listing: Listing, urlEncoded: boolean): string {
  const key = (text: string) => (urlEncoded ? encodeURIComponent(text).replaceAll("%2F", "/") : escapeXml(text));
  const objects = listing.objects.map(
    (object) =>
      `<Contents><Key>${key(object.key)}</Key><LastModified>${new Date(object.modified).toISOString()}</LastModified>` +
      `<ETag>&quot;${object.etag}&quot;</ETag><Size>${object.size}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  const prefixes = listing.prefixes.map((prefix) => `<CommonPrefixes><Prefix>${key(prefix)}</Prefix></CommonPrefixes>`);
  const next = listing.next === undefined ? "" : `<NextContinuationToken>${listing.next}</NextContinuationToken>`;
  return (
    `${declaration}<ListBucketResult xmlns="${namespace}"><Name>${escapeXml(bucket)}</Name>` +
    `<Prefix>${key(listing.prefix)}</Prefix><KeyCount>${objects.length + prefixes.length}</KeyCount>` +
    `<MaxKeys>${listing.maxKeys}</MaxKeys><IsTruncated>${listing.next !== undefined}</IsTruncated>` +
    `${urlEncoded ? "<EncodingType>url</EncodingType>" : ""}${next}${objects.join("")}${prefixes.join("")}</ListBucketResult>`
  );
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};
const escapeXml = (text: string): string => text.replaceAll(/[&<>"']/g, (found) => entities[found] ?? found);
