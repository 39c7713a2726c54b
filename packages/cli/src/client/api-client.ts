import { AirloomError } from "@airloom/core";

/** How commands reach the API application, wherever it runs. */
export interface ApiClient {
  /** Where it is: a URL, or `in process`. */
  readonly where: string;
  /** @throws REQUEST_REFUSED with the API's own words for any status of 400 and above. */
  call<T>(request: ApiRequest): Promise<T>;
  /** The body as text, whatever its type. */
  text(request: ApiRequest): Promise<string>;
  close(): Promise<void>;
}

export interface ApiRequest {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly body?: unknown;
  readonly accept?: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

/** A client over anything that can send one request. */
export function createApiClient(options: {
  readonly where: string;
  readonly send: (request: ApiRequest & { readonly url: string }) => Promise<ApiAnswer>;
  readonly close: () => Promise<void>;
}): ApiClient {
  const text = async (request: ApiRequest): Promise<string> => {
    const answer = await options.send({ ...request, url: request.path + queryText(request.query) });
    if (answer.status >= 400) throw refusal(answer);
    return answer.text;
  };
  return {
    where: options.where,
    text,
    call: async <T>(request: ApiRequest) => {
      const body = await text(request);
      return (body === "" ? undefined : JSON.parse(body)) as T;
    },
    close: options.close,
  };
}

function queryText(query: ApiRequest["query"]): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

function refusal({ status, text }: ApiAnswer): AirloomError {
  return new AirloomError("REQUEST_REFUSED", { status, reason: reasonIn(text) });
}

/** Airflow's `detail` (text, or a list of refused fields), or a problem document's title and detail. */
function reasonIn(text: string): string {
  try {
    const body = JSON.parse(text) as { title?: string; detail?: unknown };
    if (Array.isArray(body.detail)) return body.detail.map(fieldReason).join("; ");
    const detail = typeof body.detail === "string" ? body.detail : JSON.stringify(body.detail ?? "");
    return body.title ? `${body.title} ${detail}` : detail;
  } catch {
    return text.slice(0, 500);
  }
}

const fieldReason = (item: { readonly loc?: readonly unknown[]; readonly msg?: string }): string =>
  `${(item.loc ?? []).slice(1).join(".")}: ${item.msg ?? "not valid"}`;
