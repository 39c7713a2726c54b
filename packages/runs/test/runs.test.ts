import { cloneStore, runsContract } from "@airloom/testkit";

runsContract("PostgreSQL", cloneStore);
