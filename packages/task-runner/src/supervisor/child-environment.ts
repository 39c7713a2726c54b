import { markers } from "../protocol/messages.ts";

/** What a process needs to find programs, its language and the network. Nothing else of the supervisor's reaches author code. */
const usual = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "LANG",
  "LC_ALL",
  "TZ",
  "TMPDIR",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
] as const;

export interface EnvironmentParts {
  readonly own: NodeJS.ProcessEnv;
  /** Names that the operator lists besides the usual ones. */
  readonly pass: readonly string[];
  readonly childId: string;
  /** `<pid>:<start time>` of this supervisor. */
  readonly supervisor: string;
}

/** The environment of a task child: an explicit list, and the marks by which leftovers are found. */
export function childEnvironment({ own, pass, childId, supervisor }: EnvironmentParts): Record<string, string> {
  const passed = [...usual, ...pass].flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]] as const]));
  return {
    ...Object.fromEntries(passed),
    [markers.child]: childId,
    [markers.supervisor]: supervisor,
  };
}
