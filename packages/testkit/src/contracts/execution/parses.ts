import type { DagSpec } from "@airloom/core";
import type { ArtifactManifest, ImportError, ParseReport } from "@airloom/wire";
import { expect, test } from "vitest";
import { someId } from "../../factories/some-id.ts";
import { someSpec, someTask } from "../../factories/some-spec.ts";
import { trigger } from "../../runs/drive-runs.ts";
import type { ExecutionUnderTest } from "./execution-under-test.ts";

type Parsed = Extract<ParseReport, { kind: "parsed" }>;

const artifactOf = (file: string, given: Partial<ArtifactManifest> = {}): ArtifactManifest => ({
  id: someId("artifact"),
  codeHash: someId("code"),
  format: 1,
  file,
  entry: "main.mjs",
  parts: [{ hash: someId("part"), path: "main.mjs", kind: "code", bytes: 3 }],
  externals: [],
  sdkProtocol: 1,
  ...given,
});

/** What a processor says of a file that loaded. */
function parsed(file: string, specs: readonly DagSpec[], artifact = artifactOf(file)): Parsed {
  return {
    kind: "parsed",
    file,
    sourceHash: artifact.id,
    artifact,
    source: `// ${file}`,
    dags: specs.map((spec) => ({ dagId: spec.dagId, spec })),
    seconds: 0.1,
    warnings: [],
  };
}

const error: ImportError = {
  kind: "syntax",
  message: "Unexpected token",
  location: "x.ts:1:1",
  stack: null,
  hint: null,
};
const processor = { id: "processor", hostname: "here", pid: 1 };

export function parsePromises(given: ExecutionUnderTest): void {
  const publish = async (report: ParseReport) => (await given.execution.publish(report)).published;
  const session = async (file: string) => {
    const { files, requested } = await given.execution.openParseSession(processor);
    return { row: files.find((one) => one.file === file), requested: requested.includes(file) };
  };
  const dagOf = ({ dagId }: DagSpec) => given.store.tx((tx) => tx.findDag(dagId));
  const fileOf = (file: string) => given.store.tx((tx) => tx.findDagFile(file));
  const file = () => `${someId("file")}.ts`;
  const broken = (name: string, more: object = {}): ParseReport => ({
    kind: "broken",
    file: name,
    sourceHash: someId("source"),
    error,
    ...more,
  });

  test("parts are asked for, stored once and read back; unknown ones are not found", async () => {
    const [one, two] = [someId("part"), someId("part")];
    expect(await given.execution.missingParts([one, two])).toEqual([one, two].toSorted());
    const bytes = new Uint8Array([1, 0, 255]);
    await given.execution.putPart(one, bytes);
    await given.execution.putPart(one, bytes);
    expect(await given.execution.missingParts([one, two])).toEqual([two]);
    expect(await given.execution.missingParts([])).toEqual([]);
    expect(await given.execution.getPart(one)).toEqual(bytes);
    await expect(given.execution.getPart(two)).rejects.toMatchObject({ code: "NOT_FOUND", status: 404 });
  });

  test("a published artifact's manifest is read back; an unknown one is not found", async () => {
    const report = parsed(file(), [someSpec()]);
    await publish(report);
    expect(await given.execution.getArtifact(report.artifact.id)).toEqual(report.artifact);
    await expect(given.execution.getArtifact("unknown")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("a file's Dags are published once; the same report again changes nothing", async () => {
    const spec = someSpec();
    const report = parsed(file(), [spec]);
    expect(await publish(report)).toEqual([spec.dagId]);
    const dag = await dagOf(spec);
    expect(await publish(report)).toEqual([]);
    expect(await dagOf(spec)).toMatchObject({ versionId: dag?.versionId, versionNumber: 1, isPaused: false });
    expect((await session(report.file)).row).toEqual({
      file: report.file,
      sourceHash: report.artifact.id,
      artifactId: report.artifact.id,
      broken: false,
    });
  });

  test("a change of spec or of code is a new version, once the old one has runs", async () => {
    const name = file();
    const spec = someSpec();
    await publish(parsed(name, [spec]));
    await trigger(given.made.runs, (await dagOf(spec)) ?? fail());
    const changed = { ...spec, tags: ["new"] };
    const artifact = artifactOf(name);
    expect(await publish(parsed(name, [changed], artifact))).toEqual([spec.dagId]);
    expect((await dagOf(spec))?.versionNumber).toBe(2);
    await trigger(given.made.runs, (await dagOf(spec)) ?? fail());
    expect(await publish(parsed(name, [changed], artifactOf(name)))).toEqual([spec.dagId]);
    expect((await dagOf(spec))?.versionNumber).toBe(3);
  });

  test("the order of a spec's keys is no change", async () => {
    const spec = someSpec({ tasks: [someTask({ id: "a" })] });
    const report = parsed(file(), [spec]);
    await publish(report);
    const turned = Object.fromEntries(Object.entries(spec).reverse()) as unknown as DagSpec;
    expect(await publish({ ...report, dags: [{ dagId: spec.dagId, spec: turned }] })).toEqual([]);
  });

  test("a Dag made from a row keeps its version while neither row nor code changed", async () => {
    const name = file();
    const [eu, us] = ["eu", "us"].map((region) => someSpec({ data: { region } })) as [DagSpec, DagSpec];
    const first = artifactOf(name);
    await publish(parsed(name, [eu, us], first));
    for (const spec of [eu, us]) await trigger(given.made.runs, (await dagOf(spec)) ?? fail());
    const newer = { ...us, data: { region: "us", big: true } };
    expect(await publish(parsed(name, [eu, newer], artifactOf(name, { codeHash: first.codeHash })))).toEqual([
      us.dagId,
    ]);
    expect((await dagOf(eu))?.versionNumber).toBe(1);
    expect((await publish(parsed(name, [eu, newer]))).toSorted()).toEqual([eu.dagId, us.dagId].toSorted());
  });

  test("a broken file keeps its last good version and shows its error; a good one ends it", async () => {
    const spec = someSpec();
    const report = parsed(file(), [spec]);
    await publish(report);
    const dag = await dagOf(spec);
    const bad = broken(report.file);
    for (let time = 0; time < 2; time += 1) expect(await publish(bad)).toEqual([]);
    expect(await dagOf(spec)).toMatchObject({ versionId: dag?.versionId, isStale: false });
    expect((await session(report.file)).row).toMatchObject({ artifactId: report.artifact.id, broken: true });
    expect((await fileOf(report.file))?.source).toBe(report.source);
    await publish(report);
    expect((await session(report.file)).row).toMatchObject({ broken: false });
  });

  test("a file that never loaded is known as broken, without Dags", async () => {
    const name = file();
    await publish(broken(name));
    expect((await session(name)).row).toMatchObject({ artifactId: null, broken: true });
  });

  test("a Dag id that two files define stays with the first; the error names both files", async () => {
    const spec = someSpec();
    const [first, second] = [file(), file()];
    await publish(parsed(first, [spec]));
    const own = someSpec();
    expect(await publish(parsed(second, [spec, own]))).toEqual([]);
    expect(await dagOf(spec)).toMatchObject({ file: first });
    expect(await dagOf(own)).toBeNull();
    if (!given.made.importErrorOf) return;
    const told = await given.made.importErrorOf(second);
    expect(told).toMatchObject({ kind: "duplicate" });
    for (const words of [first, second, spec.dagId]) expect(JSON.stringify(told)).toContain(words);
  });

  test("a Dag that a file no longer defines becomes stale, and comes back with it", async () => {
    const name = file();
    const [kept, dropped] = [someSpec(), someSpec()];
    await publish(parsed(name, [kept, dropped]));
    await publish(parsed(name, [kept]));
    expect([(await dagOf(kept))?.isStale, (await dagOf(dropped))?.isStale]).toEqual([false, true]);
    await publish(parsed(name, [kept, dropped]));
    expect((await dagOf(dropped))?.isStale).toBe(false);
  });

  test("a file is gone after two good listings without it, and back as soon as it is seen", async () => {
    const spec = someSpec();
    const report = parsed(file(), [spec]);
    await publish(report);
    const gone: ParseReport = { kind: "gone", files: [report.file] };
    await publish(gone);
    expect((await dagOf(spec))?.isStale).toBe(false);
    // Between the two it was there: the count begins anew.
    await publish(report);
    await publish(gone);
    expect((await dagOf(spec))?.isStale).toBe(false);
    await publish(gone);
    expect((await dagOf(spec))?.isStale).toBe(true);
    expect((await session(report.file)).row).toMatchObject({ sourceHash: "" });
    await publish(report);
    expect((await dagOf(spec))?.isStale).toBe(false);
  });

  test("a file that does not load takes its import error with it when it is gone, and not before", async () => {
    const [gone, missedOnce, there] = [file(), file(), file()];
    for (const name of [gone, missedOnce, there]) await publish(broken(name));
    await publish({ kind: "gone", files: [gone, missedOnce] });
    await publish({ kind: "gone", files: [gone] });
    const hadError = (name: string) => given.store.tx((tx) => tx.deleteImportError(name));
    expect([await hadError(gone), await hadError(missedOnce), await hadError(there)]).toEqual([false, true, true]);
  });

  test("a Dag id is free again when its file is gone", async () => {
    const spec = someSpec();
    const [first, second] = [file(), file()];
    await publish(parsed(first, [spec]));
    await publish({ kind: "gone", files: [first] });
    await publish({ kind: "gone", files: [first] });
    expect(await publish(parsed(second, [spec]))).toEqual([spec.dagId]);
    expect(await dagOf(spec)).toMatchObject({ file: second, isStale: false });
  });

  test("a requested parse is asked for until the file is published", async () => {
    const report = parsed(file(), [someSpec()]);
    await publish(report);
    expect((await session(report.file)).requested).toBe(false);
    await given.store.tx((tx) => tx.requestReparse(report.file));
    expect((await session(report.file)).requested).toBe(true);
    await publish(report);
    expect((await session(report.file)).requested).toBe(false);
  });

  test("opening a session shows that the processor is alive", async () => {
    await given.execution.openParseSession(processor);
    await given.execution.openParseSession(processor);
    const services = await given.store.tx((tx) => tx.listServices());
    expect(services.filter(({ kind }) => kind === "dag_processor")).toMatchObject([processor]);
  });

  test("a new Dag starts paused if it says so, and keeps the pause a user chose afterwards", async () => {
    const spec = someSpec({ pausedUponCreation: true });
    const report = parsed(file(), [spec]);
    await publish(report);
    expect((await dagOf(spec))?.isPaused).toBe(true);
    await given.store.tx((tx) => tx.setPaused([spec.dagId], false));
    await publish(parsed(report.file, [{ ...spec, tags: ["changed"] }]));
    expect((await dagOf(spec))?.isPaused).toBe(false);
  });

  test("a scheduled Dag has its next run planned from the first publication on", async () => {
    const spec = someSpec({ schedule: { kind: "delta", seconds: 3_600, interval: "point" } });
    await publish(parsed(file(), [spec]));
    expect((await dagOf(spec))?.nextRun).not.toBeNull();
  });
}

function fail(): never {
  throw new Error("the Dag is not there");
}
