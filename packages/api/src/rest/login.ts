import { AirloomError } from "@airloom/core";
import { z } from "zod";
import type { ApiDeps } from "../api-deps.ts";
import { verifyPassword } from "../auth/passwords.ts";
import { createTokens } from "../auth/tokens.ts";
import { type AnyRoute, route } from "../http/route.ts";

const credentials = z.strictObject({ username: z.string().min(1).max(250), password: z.string().min(1).max(1_000) });

/** `POST /auth/token` and its command-line twin, as Airflow's. */
export function loginRoutes(deps: ApiDeps): readonly AnyRoute[] {
  const tokens = createTokens(deps.signingKey);
  // Each check costs 128 MiB for a moment: two at a time, whoever asks.
  const turn = createTurns(2);
  const login = (path: string, lifetimeSeconds: number): AnyRoute =>
    route({
      method: "POST",
      path,
      summary: "Get a token for a name and password",
      can: "anyone",
      status: 201,
      body: credentials,
      handle: async ({ body: { username, password } }) => {
        const user = await deps.store.tx((tx) => tx.findUser(username));
        const right = await turn(() => verifyPassword(password, user?.passwordHash ?? null));
        if (!user || !right) throw new AirloomError("LOGIN_REFUSED");
        return { access_token: tokens.issue({ name: user.username, role: user.role }, lifetimeSeconds, deps.now()) };
      },
    });
  return [login("/auth/token", deps.tokenLifetimeSeconds), login("/auth/token/cli", 3_600)];
}

/** Runs at most `places` at once; more than a hundred waiting are turned away. */
function createTurns(places: number): <T>(act: () => Promise<T>) => Promise<T> {
  let free = places;
  const waiting: (() => void)[] = [];
  return async (act) => {
    if (free === 0) {
      if (waiting.length >= 100) throw new AirloomError("UNAVAILABLE", { reason: "Too many logins at once." });
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else free -= 1;
    try {
      return await act();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
