// Whether everything works: the service and what it depends on, jobs, who did what.

import { get, query, send, type Page } from "../lib/api";
import { at, fill, h } from "../lib/dom";
import { ago, time } from "../lib/format";
import { isOver, underWay, type Job } from "../lib/jobs";
import { toast } from "../lib/overlay";
import { start } from "../lib/shell";
import { empty, into } from "../lib/states";

interface Health {
  status: string;
  version: string;
  model: { available: boolean; reference: string; version: string | null };
  dependencies: { name: string; ok: boolean; detail: string }[];
}

interface Audit {
  at: string;
  who: string;
  action: string;
  subject: string;
  after: string | null;
}

const LIVE_MS = 4000;
const STATUS: Record<string, string> = { succeeded: "✓ done", failed: "✕ failed", cancelled: "– cancelled", queued: "… waiting", running: "▶ running" };

function tile(label: string, value: string, note: string): HTMLElement {
  return h("section", { class: "card tile" }, h("span", { class: "label" }, label), h("span", { class: "figure text-xl" }, value), h("span", { class: "note" }, note));
}

const health = (): Promise<void> =>
  into(at("health"), () => get<Health>("/health"), (found) =>
    fill(at("health"), tile("Service", found.status === "ok" ? "✓ works" : `✕ ${found.status}`, `program ${found.version}`), tile("Model", found.model.version ?? "none", found.model.available ? `answers as ${found.model.reference}` : "nothing answers"), ...found.dependencies.map((item) => tile(item.name, item.ok ? "✓ works" : "✕ fails", item.detail))));

async function act(job: Job, what: "cancel" | "retry"): Promise<void> {
  try {
    await send("POST", `/jobs/${job.id}/${what}`, {});
    await jobs();
  } catch (fault) {
    toast((fault as Error).message);
  }
}

function jobLine(job: Job): HTMLElement {
  const state = isOver(job) ? h("span", { title: job.error ?? "" }, STATUS[job.status] ?? job.status) : underWay(job);
  const button = !isOver(job) ? h("button", { class: "button small", type: "button", onclick: () => void act(job, "cancel") }, "Cancel") : job.status === "succeeded" ? job.links.result && h("a", { class: "button small", href: job.links.result, download: true }, "Download") : h("button", { class: "button small", type: "button", onclick: () => void act(job, "retry") }, "Again");
  return h("tr", null, h("td", { "data-label": "Job" }, job.kind.replaceAll("_", " ")), h("td", { "data-label": "State", class: "wrap" }, state, job.error && h("div", { class: "muted small" }, job.error)), h("td", { "data-label": "By", class: "muted" }, job.enqueued_by), h("td", { "data-label": "Asked", class: "muted", title: time(job.enqueued_at) }, ago(job.enqueued_at)), h("td", null, button || null));
}

const jobs = (): Promise<void> =>
  into(at("jobs"), () => get<Page<Job>>("/jobs?limit=30"), (page) => {
    if (page.items.length === 0) return fill(at("jobs"), empty("No jobs yet", "Files to score and models to train run as jobs and are listed here."));
    const head = ["Job", "State", "By", "Asked", ""].map((text) => h("th", { scope: "col" }, text || h("span", { class: "sr-only" }, "Action")));
    fill(at("jobs"), h("table", { class: "sheet cards", "aria-label": "Jobs" }, h("thead", null, h("tr", null, ...head)), h("tbody", null, ...page.items.map(jobLine))));
  });

const audit = (): Promise<void> =>
  into(at("audit"), () => get<Page<Audit>>(`/audit${query({ limit: 40 })}`), (page) => {
    const rows = page.items.map((item) => h("tr", null, h("td", { class: "muted", "data-label": "When" }, time(item.at)), h("td", { "data-label": "Who" }, item.who), h("td", { "data-label": "What" }, item.action), h("td", { class: "wrap muted", "data-label": "To what" }, item.subject)));
    const head = ["When", "Who", "What", "To what"].map((text) => h("th", { scope: "col" }, text));
    fill(at("audit"), h("table", { class: "sheet dense cards", "aria-label": "Audit trail" }, h("thead", null, h("tr", null, ...head)), h("tbody", null, ...rows)));
  });

start();
void health();
void jobs();
void audit();
window.setInterval(() => {
  if (document.hidden) return;
  void health();
  void jobs();
}, LIVE_MS);
