import { executionContract, makeHttpExecution, makeMemoryExecution, makePostgresExecution } from "@airloom/testkit";

executionContract("a call in process over memory", makeMemoryExecution);
executionContract("a call in process over PostgreSQL", makePostgresExecution);
executionContract("HTTP", makeHttpExecution);
