/**
 * `npm run check`: the static half of the proof. Runs every gate, shows every failure, ends with 1 if there was one.
 * `npm run check -- layers sizes` runs only the gates named.
 */
const gateFiles = [
  "format",
  "types",
  "layers",
  "dead-code",
  "sizes",
  "names",
  "purity",
  "suppressions",
  "duplicates",
  "documents",
  "readme-code",
  "dependencies",
  "generated",
  "lock",
  "changelog",
  "machine-paths",
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !gateFiles.includes(name));
if (unknown.length > 0) {
  console.error(`No gate is named ${unknown.join(", ")}. Gates: ${gateFiles.join(", ")}.`);
  process.exit(2);
}

let failed = 0;
const began = performance.now();
for (const file of gateFiles.filter((name) => wanted.length === 0 || wanted.includes(name))) {
  const started = performance.now();
  const { name, problems, warnings } = await runGate(file);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${problems.length === 0 ? "ok    " : "FAILED"}  ${name}  (${seconds} s)`);
  for (const warning of warnings) console.log(indent(`warning: ${warning}`));
  for (const problem of problems) console.log(indent(problem));
  if (problems.length > 0) failed += 1;
}
const total = ((performance.now() - began) / 1000).toFixed(1);
console.log(failed === 0 ? `All gates passed in ${total} s.` : `${failed} gate(s) failed. (${total} s)`);
process.exitCode = failed === 0 ? 0 : 1;

/** A gate that breaks has not passed: whatever it throws becomes a problem. */
async function runGate(file) {
  let name = file;
  try {
    const gate = await import(`./gates/${file}.mjs`);
    name = gate.name;
    const { problems, warnings = [] } = await gate.run();
    return { name, problems, warnings };
  } catch (error) {
    return { name, problems: [`the gate itself broke: ${error.stack ?? error}`], warnings: [] };
  }
}

function indent(text) {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `        ${line}`)
    .join("\n");
}
