import { AirloomError } from "@airloom/core";
import type { FastifyRequest } from "fastify";

/** The first of what we have that the request accepts. @throws NOT_ACCEPTABLE */
export function negotiate<Type extends string>(request: FastifyRequest, have: readonly [Type, ...Type[]]): Type {
  const wanted = (request.headers.accept ?? "*/*").split(",").map((part) => part.split(";", 1).join("").trim());
  for (const type of wanted) {
    const [group] = type.split("/");
    const found =
      type === "*/*"
        ? have[0]
        : have.find((one) => one === type || (type === `${group}/*` && one.startsWith(`${group}/`)));
    if (found) return found;
  }
  throw new AirloomError("NOT_ACCEPTABLE", { have: have.join(", ") });
}
