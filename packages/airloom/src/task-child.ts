/** Entry of the bundle that runs attempts: brings the modules that author code shares with its runner. */
import { runChild } from "@airloom/task-runner/child";
import * as zod from "zod";
import * as airloom from "./index.ts";
import * as operators from "./operators.ts";

runChild({ modules: { airloom, "airloom/operators": operators, zod } });
