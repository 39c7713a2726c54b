import type { TestProject } from "vitest/node";
import { startTestServer } from "./test-server.ts";
import "./clone-database.ts";

/** Starts the test run's server; what it returns stops it at the end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestServer();
  project.provide("testServerUrl", server.url);
  return server.stop;
}
