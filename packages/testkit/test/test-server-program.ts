/** Starts a test server, says where it is, and stays: for a test that kills it. */
import { startTestServer } from "@airloom/testkit";

const { pid, url } = await startTestServer();
console.log(JSON.stringify({ pid, url }));
setInterval(() => {}, 60_000);
