/**
 * Runs inside Python: takes the input as JSON from stdin's file, runs the author's code, and writes its result as JSON to file
 * descriptor 3, so that whatever the code prints stays log.
 */
export const pythonBootstrap = `
import importlib, json, os, runpy, sys

job = json.loads(os.environ.pop("AIRLOOM_PYTHON"))
result_fd = int(os.environ["AIRLOOM_OUTPUT_FD"])
sys.argv = [job["target"], *job["args"]]
# Python puts the working directory first for "-c"; a script expects its own folder there, as when started by name.
sys.path[0] = os.path.dirname(os.path.abspath(job["target"])) if job["kind"] == "script" else os.getcwd()


def as_json(value):
    for name in ("tolist", "isoformat", "model_dump"):
        convert = getattr(value, name, None)
        if callable(convert):
            return convert()
    raise TypeError(f"a {type(value).__name__} cannot be returned: it has no JSON form")


def run():
    if job["function"] is None:
        if job["kind"] == "script":
            runpy.run_path(job["target"], run_name="__main__")
        else:
            runpy.run_module(job["target"], run_name="__main__", alter_sys=True)
        return
    os.set_inheritable(result_fd, False)
    data = json.load(sys.stdin)
    if job["kind"] == "script":
        found = runpy.run_path(job["target"], run_name="__airloom__").get(job["function"])
    else:
        found = getattr(importlib.import_module(job["target"]), job["function"], None)
    if not callable(found):
        sys.exit(f"{job['target']} has no function {job['function']}")
    text = json.dumps(found(data), allow_nan=False, default=as_json)
    with os.fdopen(result_fd, "w", encoding="utf-8") as out:
        out.write(text)


run()
`;
