// Following a job to its end: step, share done, time left, a way to end it.

import { get, send } from "./api";
import { fill, h, placed } from "./dom";
import { count, seconds } from "./format";

export interface Job {
  id: string;
  kind: string;
  status: "queued" | "running" | "succeeded" | "failed" | "cancelled" | "dead";
  is_ending: boolean;
  enqueued_by: string;
  enqueued_at: string;
  started_at: string | null;
  finished_at: string | null;
  progress: { step: string; n_done: number; n_parts: number | null };
  error: string | null;
  result: unknown;
  links: { self: string; result: string | null; rejected: string | null };
}

export const isOver = (job: Job): boolean => !["queued", "running"].includes(job.status);

/** Bar and words of a job under way. */
export function underWay(job: Job): HTMLElement {
  const { step, n_done, n_parts } = job.progress;
  const share = n_parts ? n_done / n_parts : 0;
  const since = job.started_at ? (Date.now() - new Date(job.started_at).getTime()) / 1000 : 0;
  const left = share > 0.05 ? `, about ${seconds((since * (1 - share)) / share)} left` : "";
  const words = job.status === "queued" ? "Waiting for its turn" : `${step || "Starting"} · ${count(n_done)}${n_parts ? ` of ${count(n_parts)}` : " done"}${left}`;
  const bar = h("div", { class: "bar", role: "progressbar", "aria-label": step || "progress", "aria-valuemin": 0, "aria-valuemax": n_parts, "aria-valuenow": n_done });
  bar.append(placed(h("i"), { width: `${Math.max(2, share * 100)}%` }));
  return h("div", { class: "stack", role: "status" }, h("span", { class: "muted small" }, job.is_ending ? "Ending …" : words), bar);
}

/** Looks again until the job is over; leaving the page does not end it. */
export async function follow(id: string, place: HTMLElement, over: (job: Job) => void): Promise<void> {
  let wait = 300;
  for (;;) {
    const job = await get<Job>(`/jobs/${id}`);
    if (isOver(job)) return over(job);
    const cancel = h("button", { class: "button small", type: "button", onclick: () => void send("POST", `/jobs/${id}/cancel`, {}) }, "Cancel");
    fill(place, underWay(job), h("div", null, cancel));
    await new Promise((resolve) => window.setTimeout(resolve, wait));
    wait = Math.min(wait * 1.3, 3000);
  }
}
