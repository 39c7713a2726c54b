/** Who asks. */
export interface Actor {
  readonly name: string;
  readonly role: Role;
}

/** Each has the rights of those before it (Airflow's simple roles); `worker` is apart: it meets the execution contract only. */
export type Role = "viewer" | "user" | "op" | "admin" | "worker";

/** What a route needs, in words that fit after "may not". */
export type Permission =
  | "read"
  | "read configuration"
  | "trigger and change runs"
  | "change Dags"
  | "change values"
  | "manage pools"
  | "manage variables and connections"
  | "read the audit log"
  | "run work";

const needs: Readonly<Record<Permission, Role>> = {
  read: "viewer",
  "read configuration": "viewer",
  "trigger and change runs": "user",
  "change Dags": "user",
  "change values": "op",
  "manage pools": "op",
  "manage variables and connections": "op",
  "read the audit log": "admin",
  "run work": "worker",
};

const ladder: readonly Role[] = ["viewer", "user", "op", "admin"];

/** MAY THEY? The one place that decides. */
export function permits(actor: Actor, permission: Permission): boolean {
  const needed = needs[permission];
  if (needed === "worker" || actor.role === "worker") return needed === actor.role;
  return ladder.indexOf(actor.role) >= ladder.indexOf(needed);
}
