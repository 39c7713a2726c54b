/** Bytes that are sent as they are, and what may come back. */
export interface RawCase {
  readonly title: string;
  /** Latin-1 text: one byte a character. */
  readonly bytes: string;
  /**
   * `refused`: 4xx, or closed without an answer. `answered`: any status below 500, but one. `anything`: below 500, or closed.
   * Never a second answer where one request was sent.
   */
  readonly expect: "refused" | "answered" | "anything";
  /** Answers that may come, at most. @default 1 */
  readonly answers?: number;
  /** The client closes its half after sending. */
  readonly halfClose?: boolean;
}

const host = "Host: localhost\r\n";
const get = (path: string): string => `GET ${path} HTTP/1.1\r\n${host}`;
const post = "POST /auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
/** If this is taken for a request, the answer names it. */
const hidden = `GET /smuggled HTTP/1.1\r\n${host}\r\n`;
const version = "/api/v2/version";

const lengths: readonly RawCase[] = [
  ["content-length and chunked", `Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
  ["chunked and content-length", `Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n1\r\nA\r\n0\r\n\r\n${hidden}`],
  ["two different lengths", `Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`],
  ["two equal lengths", "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"],
  ["a list of lengths", "Content-Length: 2, 2\r\n\r\n{}"],
  ["a length with a plus", `Content-Length: +2\r\n\r\n{}${hidden}`],
  ["a negative length", `Content-Length: -1\r\n\r\n${hidden}`],
  ["a length in hexadecimal", `Content-Length: 0x2\r\n\r\n{}${hidden}`],
  ["a length with a space in it", `Content-Length: 1 0\r\n\r\n{}${hidden}`],
  ["a length beyond 64 bits", "Content-Length: 99999999999999999999999\r\n\r\n{}"],
  ["a length that is empty", `Content-Length: \r\n\r\n${hidden}`],
  ["a space before the colon", `Content-Length : 2\r\n\r\n{}${hidden}`],
  ["xchunked", `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`],
  ["chunked, identity", `Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`],
  ["chunked with a vertical tab", `Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n${hidden}`],
  ["chunked twice", `Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${hidden}`],
  ["a chunk's size that is no number", `Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n${hidden}`],
  ["a chunk's size beyond 64 bits", `Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n`],
  ["a chunk longer than its size", `Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n${hidden}`],
  ["chunks between bare line feeds", `Transfer-Encoding: chunked\n\n2\n{}\n0\n\n${hidden}`],
  ["a folded header", `Content-Length: 2\r\nX-Folded: a\r\n b\r\nX-Other: c\r\n\r\n{}`],
  ["a transfer-encoding that is folded", `Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${hidden}`],
].map(([title = "", rest = ""]) => ({ title, bytes: `${post}${rest}`, expect: "refused" as const }));

const heads: readonly RawCase[] = [
  { title: "bare line feeds", bytes: `GET ${version} HTTP/1.1\nHost: localhost\n\n`, expect: "anything" },
  { title: "bare carriage returns", bytes: `GET ${version} HTTP/1.1\rHost: localhost\r\r`, expect: "refused" },
  { title: "a header without a colon", bytes: `${get(version)}nonsense\r\n\r\n`, expect: "refused" },
  { title: "a header without a name", bytes: `${get(version)}: value\r\n\r\n`, expect: "refused" },
  { title: "NUL in a header", bytes: `${get(version)}X-A: a\0b\r\n\r\n`, expect: "refused" },
  { title: "control characters in a header's name", bytes: `${get(version)}X\x01A: b\r\n\r\n`, expect: "refused" },
  { title: "a header of 1 MB", bytes: `${get(version)}X-A: ${"a".repeat(1_000_000)}\r\n\r\n`, expect: "refused" },
  { title: "10,000 headers", bytes: `${get(version)}${"X-A: b\r\n".repeat(10_000)}\r\n`, expect: "refused" },
  { title: "1,500 short headers", bytes: `${get(version)}${"a:\r\n".repeat(1_500)}\r\n`, expect: "anything" },
  { title: "a path of 1 MB", bytes: `GET /${"a".repeat(1_000_000)} HTTP/1.1\r\n${host}\r\n`, expect: "refused" },
  { title: "no host", bytes: `GET ${version} HTTP/1.1\r\n\r\n`, expect: "refused" },
  { title: "two hosts", bytes: `${get(version)}${host}\r\n`, expect: "anything" },
  { title: "HTTP/0.9", bytes: `GET ${version}\r\n\r\n`, expect: "anything" },
  { title: "HTTP/1.0", bytes: `GET ${version} HTTP/1.0\r\n\r\n`, expect: "answered" },
  { title: "HTTP/2", bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", expect: "refused" },
  { title: "HTTP/9.9", bytes: `GET ${version} HTTP/9.9\r\n${host}\r\n`, expect: "refused" },
  { title: "a method nobody knows", bytes: `BREW ${version} HTTP/1.1\r\n${host}\r\n`, expect: "refused" },
  { title: "a method in small letters", bytes: `get ${version} HTTP/1.1\r\n${host}\r\n`, expect: "refused" },
  { title: "a space before the method", bytes: ` GET ${version} HTTP/1.1\r\n${host}\r\n`, expect: "refused" },
  {
    title: "another host's whole address",
    bytes: get(`http://evil.example${version}`).concat("\r\n"),
    expect: "answered",
  },
  { title: "a scheme that is none", bytes: get("javascript:alert(1)").concat("\r\n"), expect: "refused" },
  { title: "CONNECT", bytes: `CONNECT evil.example:443 HTTP/1.1\r\n${host}\r\n`, expect: "refused" },
  { title: "OPTIONS *", bytes: `OPTIONS * HTTP/1.1\r\n${host}\r\n`, expect: "answered" },
  { title: "a path with a fragment", bytes: get(`${version}#fragment`).concat("\r\n"), expect: "answered" },
  { title: "a path of raw bytes", bytes: get("/api/v2/dags/\xff\xfe\x80").concat("\r\n"), expect: "refused" },
  { title: "a path of broken escapes", bytes: get("/api/v2/dags/%c0%ae%ff%zz%").concat("\r\n"), expect: "refused" },
  { title: "dots up out of the root", bytes: get("/../../../../etc/passwd").concat("\r\n"), expect: "refused" },
  { title: "many slashes", bytes: get("/".repeat(8_000)).concat("\r\n"), expect: "refused" },
];

const others: readonly RawCase[] = [
  {
    title: "an upgrade to WebSocket",
    bytes: `${get(version)}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n\x81\x05hello`,
    expect: "anything",
    answers: 2,
  },
  {
    title: "an upgrade to HTTP/2",
    bytes: `${get(version)}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n`,
    expect: "answered",
  },
  {
    title: "a hello of TLS",
    bytes: "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03".concat("\0".repeat(160)),
    expect: "refused",
  },
  { title: "a request of SSH", bytes: "SSH-2.0-OpenSSH_9.6\r\n", expect: "refused" },
  { title: "a request of PostgreSQL", bytes: "\0\0\0\x08\x04\xd2\x16\x2f", expect: "refused" },
  { title: "nothing but line ends", bytes: "\r\n".repeat(2_000), expect: "anything", halfClose: true },
  { title: "nothing", bytes: "", expect: "anything", halfClose: true },
  { title: "half a request, then the end", bytes: "GET /api/v2/ver", expect: "refused", halfClose: true },
  { title: "a body cut short", bytes: `${post}Content-Length: 100\r\n\r\n{"user`, expect: "refused", halfClose: true },
  { title: "a whole request, then the end", bytes: `${get(version)}\r\n`, expect: "answered", halfClose: true },
  { title: "an expectation nobody has", bytes: `${get(version)}Expect: miracles\r\n\r\n`, expect: "refused" },
  { title: "200 requests at once", bytes: `${get(version)}\r\n`.repeat(200), expect: "answered", answers: 200 },
  {
    title: "a request and rubbish",
    bytes: `${get(version)}\r\nrubbish rubbish\r\n\r\n`,
    expect: "answered",
    answers: 2,
  },
  {
    title: "a body after GET",
    bytes: `${get(version)}Content-Length: ${hidden.length}\r\n\r\n${hidden}`,
    expect: "anything",
  },
  {
    title: "a chunked body after GET",
    bytes: `${get(version)}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    expect: "anything",
  },
];

export const rawCases: readonly RawCase[] = [...lengths, ...heads, ...others];

/** A request that may be spoiled byte by byte. */
export const plainRequest = `${post}Content-Length: 36\r\nAccept: */*\r\n\r\n{"username":"nobody","password":"no"}`;
