import type { ApiClient, ApiRequest } from "./api-client.ts";

/** The API's largest page. */
const pageSize = 100;

/** What to list: the answer's `items` field, page by page. */
export interface Listing extends Pick<ApiRequest, "path" | "query"> {
  readonly items: string;
  /** @default all there are */
  readonly limit?: number;
}

/** All entities of a list, however many pages it has. */
export async function listAll<Entity>(
  api: ApiClient,
  { path, query, items, limit }: Listing,
): Promise<readonly Entity[]> {
  const most = limit ?? Number.POSITIVE_INFINITY;
  const found: Entity[] = [];
  while (found.length < most) {
    const page = await api.call<Readonly<Record<string, unknown>>>({
      path,
      query: { ...query, limit: Math.min(pageSize, most - found.length), offset: found.length },
    });
    const entities = (page[items] ?? []) as readonly Entity[];
    found.push(...entities);
    const total = typeof page.total_entries === "number" ? page.total_entries : found.length;
    if (entities.length === 0 || found.length >= total) break;
  }
  return found;
}
