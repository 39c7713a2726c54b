import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../support/until.ts";
import { startProxy, type TcpProxy } from "./proxy.ts";

interface Client {
  readonly socket: Socket;
  text(): string;
  /** How the connection ended: an error's code, or "closed". */
  end(): string | null;
}

let echo: Server;
let received: string;
let proxy: TcpProxy;
const clients: Client[] = [];

beforeEach(async () => {
  received = "";
  echo = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      received += bytes.toString();
      socket.write(bytes);
    });
  });
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  proxy = await startProxy({ host: "127.0.0.1", port: (echo.address() as AddressInfo).port });
});

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await proxy.stop();
  await new Promise((resolve) => echo.close(resolve));
});

async function client(): Promise<Client> {
  const socket = connect(proxy.port, "127.0.0.1");
  let text = "";
  let end: string | null = null;
  socket.on("data", (bytes) => {
    text += bytes.toString();
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    end ??= error.code ?? "error";
  });
  socket.on("close", () => {
    end ??= "closed";
  });
  await new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
  const made = { socket, text: () => text, end: () => end };
  clients.push(made);
  return made;
}

const says = (who: Client, words: string) => until(`it heard ${words}`, () => who.text() === words, { within: 2_000 });

test("bytes pass in both ways, and an end passes too", async () => {
  const one = await client();
  one.socket.write("hello");
  await says(one, "hello");
  one.socket.end();
  await until("the pair is gone", () => proxy.connections() === 0);
});

test("a delay holds answers back, and keeps their order", async () => {
  const one = await client();
  proxy.mode({ kind: "delay", ms: 120 });
  const began = performance.now();
  one.socket.write("a");
  await until("the server has the first", () => received === "a");
  one.socket.write("b");
  await says(one, "ab");
  expect(performance.now() - began).toBeGreaterThan(110);
  expect(performance.now() - began).toBeLessThan(1_000);
});

test("a throttle lets so many bytes through in a second", async () => {
  const one = await client();
  proxy.mode({ kind: "throttle", bytesPerSecond: 10_000 });
  const began = performance.now();
  one.socket.write("x".repeat(1_000));
  await says(one, "x".repeat(1_000));
  // A tenth of a second there, another one back.
  expect(performance.now() - began).toBeGreaterThan(190);
});

test("a reset ends what is open and what comes, until it is over", async () => {
  const one = await client();
  one.socket.write("a");
  await says(one, "a");
  proxy.mode({ kind: "rst" });
  await until("the open one is reset", () => one.end() === "ECONNRESET");
  const two = await client();
  await until("a new one is reset", () => two.end() === "ECONNRESET");
  proxy.heal();
  const three = await client();
  three.socket.write("c");
  await says(three, "c");
});

test("a black hole takes bytes and says nothing; what was in it is reset when it is over", async () => {
  const one = await client();
  proxy.mode({ kind: "blackhole" });
  one.socket.write("lost");
  const two = await client();
  two.socket.write("lost too");
  proxy.mode({ kind: "blackhole" });
  await until("both are held", () => proxy.connections() === 2);
  expect([received, one.end(), two.end()]).toEqual(["", null, null]);
  proxy.heal();
  await until("both are reset", () => one.end() === "ECONNRESET" && two.end() === "ECONNRESET");
  expect(received).toBe("");
});

test("a half-open black hole swallows the connections there were, and lets new ones pass", async () => {
  const one = await client();
  one.socket.write("a");
  await says(one, "a");
  proxy.mode({ kind: "blackhole", only: "open" });
  one.socket.write("lost");
  const two = await client();
  two.socket.write("b");
  await says(two, "b");
  expect([one.text(), one.end()]).toEqual(["a", null]);
});

test("a cut ends a connection after so many bytes of an answer", async () => {
  const one = await client();
  proxy.mode({ kind: "cut", afterBytes: 3 });
  one.socket.write("abcdef");
  await until("it is reset", () => one.end() === "ECONNRESET");
  expect(received).toBe("abcdef");
  // A reset may overtake what came before it.
  expect("abc".startsWith(one.text())).toBe(true);
});

test("a lost reply is one whose request was done", async () => {
  const one = await client();
  const two = await client();
  proxy.mode({
    kind: "lose-reply",
    choose: (request) => request.includes("commit"),
    isAnswer: (reply) => reply.includes("commit"),
  });
  two.socket.write("begin");
  await says(two, "begin");
  one.socket.write("commit");
  await until("it is reset", () => one.end() === "ECONNRESET");
  expect([received, one.text(), two.end()]).toEqual(["begincommit", "", null]);
  expect(proxy.counts().lost).toBe(1);
});
