import { memoryStore, runsContract } from "@airloom/testkit";

runsContract("memory", async () => memoryStore());
