import { relative } from "node:path";
import { hashOf } from "./hash.ts";
import type { InstalledPackage } from "./packages.ts";

/** One entry of a package that author code imports. */
export interface VendorMember {
  /** What the vendor part exports it as. */
  readonly name: string;
  readonly path: string;
  readonly required: boolean;
  readonly package: InstalledPackage;
}

export function memberFor(found: InstalledPackage, path: string, kind: string): VendorMember {
  const required = kind === "require-call";
  const key = hashOf(found.name, found.version, relative(found.dir, path), String(required));
  return { name: `m_${key.slice(0, 16)}`, path, required, package: found };
}

/** Name under which the main part sees the vendor part. */
export const vendorName = "__airloomVendor";

export const vendorModule = ({ name }: VendorMember): string => `${vendorName}.${name}`;
