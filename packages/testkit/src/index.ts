export { builtProgram } from "./build/built-program.ts";
export { cloneDatabase, type DatabaseClone } from "./database/clone-database.ts";
export { startTestServer, type TestServer } from "./database/test-server.ts";
