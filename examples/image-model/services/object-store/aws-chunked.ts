/**
 * The body coding `aws-chunked`, in which S3 clients send streams: `<size in hex>[;signature]\r\n<bytes>\r\n`, ended by
 * a chunk of size 0 and trailers (checksums). The trailers must not end up in the object.
 * Source: Amazon S3 API reference, "Signature calculations: transferring payload in multiple chunks".
 */
export function decodeAwsChunked(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = body.indexOf("\r\n", at);
    if (lineEnd < 0) throw new Error("aws-chunked body ends inside a chunk header");
    const size = parseChunkSize(body.toString("latin1", at, lineEnd));
    if (size === 0) return Buffer.concat(parts);
    const start = lineEnd + 2;
    const end = start + size;
    if (body.toString("latin1", end, end + 2) !== "\r\n") throw new Error("aws-chunked body ends inside a chunk");
    parts.push(body.subarray(start, end));
    at = end + 2;
  }
}

function parseChunkSize(header: string): number {
  const digits = header.split(";", 1)[0]?.trim() ?? "";
  if (!/^[0-9a-fA-F]{1,8}$/.test(digits))
    throw new Error(`"${header.slice(0, 40)}" is not an aws-chunked chunk header`);
  return Number.parseInt(digits, 16);
}
