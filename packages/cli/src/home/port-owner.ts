import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Who listens on a TCP port of this machine, as far as /proc tells us: `node (process 4242)`; null when it does not. */
export function portOwner(port: number): string | null {
  const inodes = listeningInodes(port);
  if (inodes.size === 0) return null;
  for (const pid of entries("/proc").filter((name) => /^\d+$/.test(name))) {
    const holds = entries(`/proc/${pid}/fd`).some((fd) => inodes.has(inodeOf(`/proc/${pid}/fd/${fd}`)));
    if (holds) return `${text(`/proc/${pid}/comm`).trim()} (process ${pid})`;
  }
  return null;
}

function listeningInodes(port: number): ReadonlySet<string> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = `${text("/proc/net/tcp")}\n${text("/proc/net/tcp6")}`
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  // Columns: slot, local address, remote address, state (0A = listening), …, inode at 9.
  return new Set(
    lines.filter((columns) => columns[1]?.endsWith(wanted) && columns[3] === "0A").map((columns) => columns[9] ?? ""),
  );
}

const inodeOf = (link: string): string => {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(link))?.[1] ?? "none";
  } catch {
    return "none";
  }
};

const entries = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

const text = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
};
