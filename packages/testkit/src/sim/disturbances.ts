import type { Cluster, Member } from "./cluster.ts";
import type { World } from "./world.ts";

const everyMs = 700;

/** What happens to machines and clocks, whatever anybody is doing just then. */
export function startDisturbing(world: World, cluster: Cluster): void {
  const { loop } = world;
  world.freeze = (name) => {
    const member = cluster.members.find((one) => one.name === name);
    if (member) freeze(world, cluster, member);
  };
  const again = (): void =>
    void loop.after(world.random.between(0, 2 * everyMs), { owner: null, label: "disturbance" }, () => {
      if (world.isHealing) return;
      disturb(world, cluster);
      again();
    });
  again();
}

function disturb(world: World, cluster: Cluster): void {
  const { random } = world;
  const workers = cluster.members.filter(({ kind }) => kind === "worker");
  const member = random.pick(random.chance(0.4) ? workers : cluster.members);
  if (world.strikes("freezes")) freeze(world, cluster, member);
  if (world.strikes("partitions")) cut(world, cluster);
  if (world.strikes("clock-jumps")) jump(world);
  if (!world.mayCrash() || !member.process?.isAlive) return;
  if (random.chance(0.2)) world.crash(member.process, "at any moment");
  else if (random.chance(0.1)) stopInOrder(world, member);
}

/** A supervisor alone, or its whole machine with all that runs on it. */
function freeze(world: World, cluster: Cluster, { process, place, name }: Member): void {
  const { loop, random, plan } = world;
  if (!process?.isAlive || process.frozenUntil > loop.now) return;
  const ms = random.between(0, random.pick([0.5, 1, 2]) * (plan.settings.leaseMs + plan.settings.graceMs));
  const until = loop.now + ms;
  if (place && ms > plan.settings.leaseMs) world.count("process frozen past the lease");
  const isMachine = place !== null && random.chance(0.5);
  world.note(`${name} is frozen for ${ms.toFixed(0)} ms${isMachine ? " with its machine" : ""}`);
  process.frozenUntil = until;
  if (!isMachine) return;
  const neighbours = cluster.members.filter((other) => other.place?.hostname === place.hostname);
  for (const other of neighbours) if (other.process?.isAlive) other.process.frozenUntil = until;
  for (const { child } of place.machine.children) child.frozenUntil = until;
  // All that was due while it was frozen has happened by then: what must be dead is.
  loop.after(ms + 1, { owner: null, label: `look at ${place.hostname} after its thaw` }, () => world.ledger.checkAll());
}

/** A worker's machine and one or all API servers do not reach each other for a while. */
function cut(world: World, { members, servers }: Cluster): void {
  const { loop, random, plan } = world;
  const caller = random.pick(members.filter(({ kind }) => kind === "worker" || kind === "parser"));
  const reached = random.chance(0.6) ? servers : [random.pick(servers)];
  const pairs = reached.map(({ name }) => `${caller.name}>${name}`);
  const ms = random.between(0, 1.5 * (plan.settings.leaseMs + plan.settings.graceMs));
  world.note(`${caller.name} is cut off for ${ms.toFixed(0)} ms`);
  world.count("worker cut off");
  for (const pair of pairs) world.cuts.add(pair);
  loop.after(ms, { owner: null, label: `${caller.name} is back` }, () => {
    for (const pair of pairs) world.cuts.delete(pair);
  });
}

/** Forwards, and by less than margin and grace make up for: no lease could bear more. */
function jump(world: World): void {
  const { terms, settings, knobs } = world.plan;
  const drift = 0.04 * settings.leaseMs;
  const room = terms.marginMs + settings.graceMs - knobs.abortGraceMs - terms.killGraceMs - knobs.orphanMs - drift;
  if (room <= 0 || world.loop.now < world.mayJumpAt) return;
  world.mayJumpAt = world.loop.now + 2 * (settings.leaseMs + settings.graceMs);
  const ms = Math.floor(world.random.between(0, room / 2));
  world.note(`the database's clock jumps ${ms} ms`);
  world.jump(ms);
}

/** SIGTERM: it drains, gives back, ends, and comes again. */
function stopInOrder(world: World, { stop, process }: Member): void {
  if (!stop || !process) return;
  world.crashes += 1;
  world.note(`${process.name} is asked to stop`);
  const end = (): void => process.end();
  stop().then(end, end);
}
