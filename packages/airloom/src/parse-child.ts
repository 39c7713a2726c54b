import { runParseChild } from "@airloom/dag-processor/child";
import * as zod from "zod";
import * as airloom from "./index.ts";
import * as operators from "./operators.ts";

/** The process that loads Dag files: the SDK and the operators are in it, author code comes later. */
runParseChild({ modules: { airloom, "airloom/operators": operators, zod } });
