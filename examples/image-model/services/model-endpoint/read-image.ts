import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { encodePng, imageSide, toFeatures } from "../../src/pixels.ts";
import { BodyTooLarge, readBody } from "../read-body.ts";
import { EndpointError } from "./endpoint-error.ts";

/** Images of digits are small; this is room for a photograph of one. */
const maxBodyBytes = 1_048_576;
const pixelsSchema = z.object({ pixels: z.array(z.int().min(0).max(255)).length(imageSide * imageSide) });

/** The features of the image that a request carries. Pixels go through a PNG, so that they take the trained way. */
export async function readImage(request: IncomingMessage): Promise<Float32Array> {
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim();
  if (type !== "image/png" && type !== "application/json") {
    throw new EndpointError(415, 'Send "image/png", or "application/json" with {"pixels": […]}.');
  }
  const body = await readBody(request, maxBodyBytes).catch((error: unknown) => {
    throw error instanceof BodyTooLarge ? new EndpointError(413, `An image has at most ${maxBodyBytes} bytes.`) : error;
  });
  const file = type === "application/json" ? await encodePng(parsePixels(body)) : body;
  return toFeatures(file).catch((error: unknown) => {
    throw new EndpointError(
      400,
      `This is not an image that can be read: ${error instanceof Error ? error.message : ""}`,
    );
  });
}

function parsePixels(body: Buffer): Uint8Array {
  try {
    return Uint8Array.from(pixelsSchema.parse(JSON.parse(body.toString())).pixels);
  } catch {
    throw new EndpointError(
      400,
      `Expected {"pixels": […]} with ${imageSide * imageSide} whole numbers from 0 to 255, row by row.`,
    );
  }
}
