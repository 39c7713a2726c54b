import { expect, test } from "vitest";
import { publish, somePublication } from "../../factories/publish.ts";
import { someId } from "../../factories/some-id.ts";
import { someRun } from "../../factories/some-run.ts";
import { someSpec, someTask } from "../../factories/some-spec.ts";
import { someTaskInstance } from "../../factories/some-task-instance.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

const times = (year: number) => ({
  logicalDate: new Date(Date.UTC(year, 0, 1)),
  intervalStart: new Date(Date.UTC(year, 0, 1)),
  intervalEnd: new Date(Date.UTC(year, 0, 2)),
  runAfter: new Date(Date.UTC(year, 0, 2, 0, 0, 0, 5)),
});

const someFile = () => ({
  file: `dags/${someId("file")}.ts`,
  sourceHash: "hash",
  artifactId: null,
  source: "export default 1;\n",
  seconds: 0.25,
});

export function definitionPromises(given: StoreUnderTest): void {
  const find = (dagId: string) => given.tx((tx) => tx.findDag(dagId));

  test("a first publication makes the Dag and its version 1", async () => {
    const spec = someSpec({
      maxActiveRuns: 3,
      maxActiveTasks: 4,
      maxConsecutiveFailedRuns: 5,
      tasks: [someTask({ id: "a" }), someTask({ id: "b", upstream: ["a"] })],
    });
    const publication = somePublication(spec, { pausedUponCreation: true });
    const { dag, changed } = await given.tx((tx) => tx.publishDag(publication));
    expect(changed).toBe(true);
    expect(dag).toEqual({
      dagId: spec.dagId,
      file: publication.file,
      isPaused: true,
      isStale: false,
      versionId: publication.newVersionId,
      versionNumber: 1,
      maxActiveRuns: 3,
      maxActiveTasks: 4,
      maxConsecutiveFailedRuns: 5,
      nextRun: null,
      lastRun: null,
      lastParsedAt: expect.any(Date),
    });
    expect(await find(spec.dagId)).toEqual(dag);
    expect(await given.tx((tx) => tx.findVersion(dag.versionId))).toEqual({
      id: dag.versionId,
      dagId: spec.dagId,
      number: 1,
      spec,
      specHash: publication.specHash,
      artifactId: publication.artifactId,
      createdAt: expect.any(Date),
    });
  });

  test("the same spec and artifact make no new version", async () => {
    const spec = someSpec();
    const dag = await publish(given.store, spec);
    await someRun(given.store, { dag });
    const again = await given.tx((tx) =>
      tx.publishDag(somePublication(spec, { file: "dags/moved.ts", pausedUponCreation: true })),
    );
    expect(again.changed).toBe(false);
    expect(again.dag).toEqual({ ...dag, file: "dags/moved.ts", lastParsedAt: expect.any(Date) });
  });

  test("another spec or artifact makes the next version when a run uses the current one, which stays as it was", async () => {
    const spec = someSpec();
    const first = await publish(given.store, spec);
    await someRun(given.store, { dag: first });
    const second = await publish(given.store, { ...spec, description: "changed" });
    await someRun(given.store, { dag: second });
    const { dag: third, changed } = await given.tx((tx) =>
      tx.publishDag(somePublication({ ...spec, description: "changed" }, { artifactId: "another" })),
    );
    expect(changed).toBe(true);
    expect([first, second, third].map((dag) => dag.versionNumber)).toEqual([1, 2, 3]);
    const versions = await given.tx((tx) => tx.listVersions([third.versionId, someId("version"), first.versionId]));
    expect(versions.map((version) => [version.number, version.spec.description]).toSorted()).toEqual([
      [1, null],
      [3, "changed"],
    ]);
  });

  test("a version that no run uses is replaced: the same number, a new id, the old id gone", async () => {
    const spec = someSpec();
    const first = await publish(given.store, spec);
    const changedSpec = { ...spec, maxActiveRuns: 1 };
    const { dag, changed } = await given.tx((tx) => tx.publishDag(somePublication(changedSpec)));
    expect(changed).toBe(true);
    expect(dag.versionNumber).toBe(1);
    expect(dag.versionId).not.toBe(first.versionId);
    expect(dag.maxActiveRuns).toBe(1);
    expect(await given.tx((tx) => tx.findVersion(first.versionId))).toBeNull();
    expect((await given.tx((tx) => tx.findVersion(dag.versionId)))?.spec).toEqual(changedSpec);
  });

  test("two that publish the same Dag for the first time end with one version 1", async () => {
    const spec = someSpec();
    const [first, second] = [await given.open(), await given.open()];
    await first.tx.publishDag(somePublication(spec));
    const late = second.tx.publishDag(somePublication(spec));
    expect(await given.waits(late)).toBe(true);
    await first.commit();
    expect(await late).toMatchObject({ changed: false, dag: { versionNumber: 1 } });
    await second.commit();
  });

  test("a publication keeps pause and cursor, and ends staleness", async () => {
    const spec = someSpec();
    const dag = await publish(given.store, spec);
    await given.tx(async (tx) => {
      await tx.setCursor(dag.dagId, { nextRun: times(2099), lastRun: times(2020) });
      await tx.setPaused([dag.dagId], true);
      await tx.keepDagsOfFile(dag.file, []);
    });
    expect(await find(dag.dagId)).toMatchObject({ isStale: true });
    const again = await publish(given.store, { ...spec, description: "changed" });
    expect(again).toMatchObject({ isPaused: true, isStale: false, nextRun: times(2099), lastRun: times(2020) });
  });

  test("pausing says which Dags changed", async () => {
    const [a, b, c] = [await publish(given.store), await publish(given.store), await publish(given.store)].map(
      (dag) => dag.dagId,
    );
    await given.tx((tx) => tx.setPaused([b ?? ""], true));
    expect(await given.tx((tx) => tx.setPaused([c ?? "", b ?? "", a ?? "", someId("dag")], true))).toEqual([a, c]);
    expect(await find(a ?? "")).toMatchObject({ isPaused: true });
    expect(await given.tx((tx) => tx.setPaused([a ?? ""], false))).toEqual([a]);
    expect(await find(a ?? "")).toMatchObject({ isPaused: false });
  });

  test("the cursor is set; the last run stays unless given", async () => {
    const { dagId } = await publish(given.store);
    await given.tx((tx) => tx.setCursor(dagId, { nextRun: times(2021), lastRun: times(2020) }));
    expect(await find(dagId)).toMatchObject({ nextRun: times(2021), lastRun: times(2020) });
    await given.tx((tx) => tx.setCursor(dagId, { nextRun: null }));
    expect(await find(dagId)).toMatchObject({ nextRun: null, lastRun: times(2020) });
  });

  test("due Dags are unpaused, not stale, with their next run reached; oldest first", async () => {
    const make = async (year: number | null, pausedUponCreation = false) => {
      const dag = await publish(given.store, someSpec(), { pausedUponCreation });
      await given.tx((tx) => tx.setCursor(dag.dagId, { nextRun: year === null ? null : times(year) }));
      return dag;
    };
    const [second, first] = [await make(1991), await make(1990)];
    const [future, stale] = [await make(2100), await make(1989)];
    const others = [await make(1989, true), await make(null)];
    await given.tx((tx) => tx.keepDagsOfFile(stale.file, []));
    const own = new Set([second, first, future, stale, ...others].map((dag) => dag.dagId));
    const due = (await given.tx((tx) => tx.listDueDags(1_000))).filter((dag) => own.has(dag.dagId));
    expect(due.map((dag) => dag.dagId)).toEqual([first.dagId, second.dagId]);
    expect(due[0]).toEqual(await find(first.dagId));
    expect(await given.tx((tx) => tx.listDueDags(1))).toHaveLength(1);
    expect(await given.tx((tx) => tx.nextRunDueAt())).toEqual(times(1990).runAfter);
  });

  test("a Dag with as many active runs as it may have is not due, until one ends", async () => {
    const dag = await publish(given.store, someSpec({ maxActiveRuns: 2 }));
    await given.tx((tx) => tx.setCursor(dag.dagId, { nextRun: times(1980) }));
    const isDue = async () => (await given.tx((tx) => tx.listDueDags(1_000))).some(({ dagId }) => dagId === dag.dagId);
    const running = await someRun(given.store, { dag });
    expect(await isDue()).toBe(true);
    expect(await given.tx((tx) => tx.nextRunDueAt())).toEqual(times(1980).runAfter);
    await someRun(given.store, { dag, state: "queued" });
    expect(await isDue()).toBe(false);
    expect(await given.tx((tx) => tx.nextRunDueAt())).not.toEqual(times(1980).runAfter);
    await given.tx((tx) => tx.moveRun({ runKey: running.id, from: "running", to: "failed" }));
    expect(await isDue()).toBe(true);
    await given.tx((tx) => tx.setPaused([dag.dagId], true));
  });

  test("a deleted Dag is gone with its versions and runs", async () => {
    const dag = await publish(given.store);
    const run = await someRun(given.store, { dag });
    const row = await someTaskInstance(given.store, { run });
    expect(await given.tx((tx) => tx.deleteDag(dag.dagId))).toBe(true);
    expect(await given.tx((tx) => tx.deleteDag(dag.dagId))).toBe(false);
    const left = await given.tx((tx) =>
      Promise.all([
        tx.findDag(dag.dagId),
        tx.findVersion(dag.versionId),
        tx.findRun(dag.dagId, run.runId),
        tx.findTaskInstance(row.id),
      ]),
    );
    expect(left).toEqual([null, null, null, null]);
  });

  test("a Dag file is replaced, listed without its source, and asked to be parsed again", async () => {
    const file = someFile();
    await given.tx((tx) => tx.putDagFile(file));
    const known = { ...file, parsedAt: expect.any(Date), missing: 0, reparseRequested: false };
    expect(await given.tx((tx) => tx.findDagFile(file.file))).toEqual(known);
    expect(await given.tx((tx) => tx.requestReparse(file.file))).toBe(true);
    expect(await given.tx((tx) => tx.requestReparse(someFile().file))).toBe(false);
    const { source: _, ...listed } = { ...known, reparseRequested: true };
    const own = (await given.tx((tx) => tx.listDagFiles())).filter((row) => row.file === file.file);
    expect(own).toEqual([listed]);
    await given.tx((tx) => tx.putDagFile({ ...file, source: "changed", sourceHash: "other", artifactId: "artifact" }));
    expect(await given.tx((tx) => tx.findDagFile(file.file))).toEqual({
      ...known,
      source: "changed",
      sourceHash: "other",
      artifactId: "artifact",
    });
    expect(await given.tx((tx) => tx.findDagFile(someFile().file))).toBeNull();
  });

  test("a file that several good listings miss makes its Dags stale, one that comes back counts anew", async () => {
    const file = someFile();
    const dag = await publish(given.store, someSpec(), { file: file.file });
    const miss = () => given.tx((tx) => tx.missFiles([file.file, someFile().file], 2));
    await given.tx((tx) => tx.putDagFile(file));
    expect(await miss()).toEqual([]);
    expect(await given.tx((tx) => tx.findDagFile(file.file))).toMatchObject({ missing: 1 });
    await given.tx((tx) => tx.putDagFile(file));
    expect(await miss()).toEqual([]);
    expect(await miss()).toEqual([dag.dagId]);
    expect(await find(dag.dagId)).toMatchObject({ isStale: true });
    expect(await miss()).toEqual([]);
  });

  test("Dags that a file no longer holds become stale, and come back when it does", async () => {
    const { file } = someFile();
    const dags = [
      await publish(given.store, someSpec(), { file }),
      await publish(given.store, someSpec(), { file }),
    ].map((dag) => dag.dagId);
    const foreign = await publish(given.store);
    const keep = (dagIds: readonly string[]) => given.tx((tx) => tx.keepDagsOfFile(file, dagIds));
    expect(await keep([dags[0] ?? ""])).toEqual([dags[1]]);
    expect(await keep([dags[0] ?? ""])).toEqual([]);
    expect(await find(dags[1] ?? "")).toMatchObject({ isStale: true });
    expect(await keep(dags)).toEqual([]);
    expect(await find(dags[1] ?? "")).toMatchObject({ isStale: false });
    expect(await keep([])).toEqual(dags);
    expect(await find(foreign.dagId)).toMatchObject({ isStale: false });
  });

  test("a Dag of another live file is a duplicate; of a missing file or a stale one it is not", async () => {
    const [mine, live, missing] = [someFile(), someFile(), someFile()];
    for (const file of [mine, live, missing]) await given.tx((tx) => tx.putDagFile(file));
    const make = async ({ file }: { file: string }) => (await publish(given.store, someSpec(), { file })).dagId;
    const [own, duplicate, gone, stale] = [await make(mine), await make(live), await make(missing), await make(live)];
    await given.tx((tx) => tx.missFiles([missing.file], 9));
    await given.tx((tx) => tx.keepDagsOfFile(live.file, [duplicate]));
    const ids = [someId("dag"), stale, gone, duplicate, own];
    expect(await given.tx((tx) => tx.listDagsOfOtherFiles(mine.file, ids))).toEqual([
      { dagId: duplicate, file: live.file },
    ]);
  });

  test("an import error is replaced by file and deleted", async () => {
    const error = { file: someFile().file, sourceHash: "hash", error: { message: "x is not defined", line: 3 } };
    for (const sourceHash of ["one", "two"]) await given.tx((tx) => tx.putImportError({ ...error, sourceHash }));
    expect(await given.tx((tx) => tx.deleteImportError(error.file))).toBe(true);
    expect(await given.tx((tx) => tx.deleteImportError(error.file))).toBe(false);
  });

  test("an artifact and its parts are stored once, and missing parts are named", async () => {
    const [a, b] = [someId("part"), someId("part")];
    const artifact = {
      id: someId("artifact"),
      file: "dags/a.ts",
      manifest: { entry: "a", z: [1] },
      partHashes: [b, a],
    };
    const bytes = Uint8Array.of(0, 1, 255, 128);
    await given.tx((tx) => tx.insertArtifact(artifact));
    await given.tx((tx) => tx.insertArtifact({ ...artifact, file: "dags/other.ts" }));
    expect(await given.tx((tx) => tx.findArtifact(artifact.id))).toEqual(artifact);
    expect(await given.tx((tx) => tx.findArtifact(someId("artifact")))).toBeNull();
    await given.tx((tx) => tx.putPart(a, bytes));
    await given.tx((tx) => tx.putPart(a, bytes));
    expect(await given.tx((tx) => tx.listMissingParts([b, a, b]))).toEqual([b]);
    expect([...((await given.tx((tx) => tx.findPart(a))) ?? [])]).toEqual([...bytes]);
    expect(await given.tx((tx) => tx.findPart(b))).toBeNull();
  });
}
