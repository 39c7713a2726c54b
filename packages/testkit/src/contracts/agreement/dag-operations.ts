import fc from "fast-check";
import { operation } from "./operation.ts";
import { dagIds, dagOf, files, publicationOf } from "./world.ts";

const dag = fc.nat({ max: dagIds.length - 1 });
const file = fc.constantFrom(...files);
const someDags = fc.subarray([...dagIds]);

const runTimes = (year: number) => ({
  logicalDate: new Date(Date.UTC(year, 0, 1)),
  intervalStart: new Date(Date.UTC(year, 0, 1)),
  intervalEnd: new Date(Date.UTC(year, 0, 2)),
  runAfter: new Date(Date.UTC(year, 0, 2)),
});

const publication = fc.record({
  dag,
  file,
  limit: fc.constantFrom(0, 1, 2, 16, 16),
  artifact: fc.nat({ max: 1 }),
  paused: fc.boolean(),
});

export const dagOperations = [
  operation("publishDag", publication, async (tx, { limit, artifact, paused, ...given }) => {
    const { dag: row, changed } = await tx.publishDag(
      publicationOf({ dagId: dagOf(given), file: given.file, limit, artifact, paused }),
    );
    const version = await tx.findVersion(row.versionId);
    return { row: { ...row, versionId: null }, changed, version: version && { ...version, id: null } };
  }),
  operation("findDag", dag, async (tx, index) => {
    const row = await tx.findDag(dagOf({ dag: index }));
    return row && { ...row, versionId: null };
  }),
  operation("setPaused", fc.record({ dags: someDags, paused: fc.boolean() }), (tx, { dags, paused }) =>
    tx.setPaused(dags, paused),
  ),
  operation(
    "setCursor",
    fc.record({
      dag,
      next: fc.option(fc.constantFrom(1990, 1991, 2100)),
      last: fc.option(fc.constantFrom(1989, 2101)),
    }),
    (tx, { next, last, ...given }) =>
      tx.setCursor(dagOf(given), {
        nextRun: next === null ? null : runTimes(next),
        ...(last !== null && { lastRun: runTimes(last) }),
      }),
  ),
  operation(
    "listDueDags",
    fc.record({ limit: fc.integer({ min: 1, max: 3 }), dag }),
    async (tx, { limit, ...given }) => {
      // Seldom is a Dag unpaused, with room and due by chance.
      await tx.setPaused([dagOf(given)], false);
      await tx.setCursor(dagOf(given), { nextRun: runTimes(1990) });
      return (await tx.listDueDags(limit)).map((row) => row.dagId);
    },
  ),
  operation("nextRunDueAt", fc.constant(null), (tx) => tx.nextRunDueAt()),
  operation("deleteDag", dag, (tx, index) => tx.deleteDag(dagOf({ dag: index }))),
  operation("keepDagsOfFile", fc.record({ file, dags: someDags }), (tx, given) =>
    tx.keepDagsOfFile(given.file, given.dags),
  ),
  operation(
    "missFiles",
    fc.record({ files: fc.subarray([...files]), limit: fc.integer({ min: 1, max: 2 }) }),
    (tx, given) => tx.missFiles(given.files, given.limit),
  ),
  operation("putDagFile", fc.record({ file, sourceHash: fc.constantFrom("one", "two") }), (tx, given) =>
    tx.putDagFile({ ...given, artifactId: null, source: "", seconds: 0 }),
  ),
  operation("requestReparse", file, (tx, name) => tx.requestReparse(name)),
  operation("findDagFile", file, (tx, name) => tx.findDagFile(name)),
  operation("listDagsOfOtherFiles", fc.record({ file, dags: someDags }), (tx, given) =>
    tx.listDagsOfOtherFiles(given.file, given.dags),
  ),
];
