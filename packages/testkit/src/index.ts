export { builtFile } from "./build/built-file.ts";
export { builtProgram } from "./build/built-program.ts";
export { runsContract } from "./contracts/runs-contract.ts";
export { cloneDatabase, type DatabaseClone } from "./database/clone-database.ts";
export { type FolderGuard, guardFolder } from "./database/guard-folder.ts";
export { startTestServer, type TestServer } from "./database/test-server.ts";
export { publish } from "./factories/publish.ts";
export { someSpec, someTask } from "./factories/some-spec.ts";
export {
  type RunsUnderTest,
  runsOver,
  settle,
  statesOf,
  succeeds,
  trigger,
  type Work,
  work,
} from "./runs/drive-runs.ts";
