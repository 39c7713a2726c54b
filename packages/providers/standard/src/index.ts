export { type BashFields, bash } from "./bash.ts";
export { type PythonCode, type PythonFields, type PythonOptions, python } from "./python.ts";
