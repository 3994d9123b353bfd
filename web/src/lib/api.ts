// The public API, as every other program sees it.

/** A refused request, in the service's own words. */
export class Fault extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string,
    readonly requestId: string,
    readonly details: unknown = null,
  ) {
    super(message);
  }
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

const BASE = "/api/v1";

function csrf(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}

async function fault(answer: Response): Promise<Fault> {
  const text = await answer.text();
  try {
    const body = JSON.parse(text) as Record<string, string>;
    return new Fault(answer.status, body["code"] ?? "unknown", body["message"] ?? text, body["hint"] ?? "", body["request_id"] ?? "", body["details"]);
  } catch {
    return new Fault(answer.status, "unknown", text || answer.statusText, "", "");
  }
}

/** Sends a request; a session that has ended leads to the sign-in and back. */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("accept", headers.get("accept") ?? "application/json");
  if (init.method && init.method !== "GET") headers.set("x-csrf-token", csrf());
  let answer: Response;
  try {
    answer = await fetch(BASE + path, { ...init, headers, credentials: "same-origin" });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new Fault(0, "unreachable", "the service does not answer", "check that it runs, then try again", "");
  }
  if (answer.status === 401 && !location.pathname.startsWith("/login")) {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  if (!answer.ok) throw await fault(answer);
  return answer;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await ask(path, signal ? { signal } : {});
  return (await answer.json()) as T;
}

export async function send<T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const init: RequestInit = { method };
  if (signal) init.signal = signal;
  if (body instanceof FormData) init.body = body;
  else if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { "content-type": "application/json" };
  }
  const answer = await ask(path, init);
  return (await answer.json()) as T;
}

/** `?a=1&b=2` of what is set. */
export function query(values: Record<string, string | number | null | undefined>): string {
  const set = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  if (set.length === 0) return "";
  return `?${new URLSearchParams(set.map(([name, value]) => [name, String(value)])).toString()}`;
}
