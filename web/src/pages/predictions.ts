// One customer at a time with instant what-if, a whole file as a job, and what was answered before.

import { read } from "../lib/address";
import { ask, get, query, send, type Page } from "../lib/api";
import { at, fill, h, later } from "../lib/dom";
import { offered, open, type Offer, type Prediction } from "../lib/customer";
import { count, money, percent, points, time, type Money } from "../lib/format";
import { follow, type Job } from "../lib/jobs";
import { toast } from "../lib/overlay";
import { bar, flag } from "../lib/risk";
import { start } from "../lib/shell";
import { empty, failed, into } from "../lib/states";

interface Column {
  name: string;
  label: string;
  kind: "integer" | "number" | "category" | "date" | "text";
  levels: string[];
  min: number | null;
  max: number | null;
}

interface Answer {
  churn_probability: number;
  probability_low: number | null;
  probability_high: number | null;
  risk_level: string;
  model_version: string;
  feature_set_version: string;
  offers: Offer[];
  top_risk_factors: { feature: string; text: string; impact: number }[];
  imputed_fields: string[];
  warnings: { message?: string; text?: string; field?: string }[];
}

const form = at<HTMLFormElement>("customer");
const result = at("result");
let flying: AbortController | null = null;

function field(column: Column): HTMLElement {
  const id = `f-${column.name}`;
  const label = h("label", { for: id, title: column.name }, column.label);
  if (column.kind === "category" && column.levels.length <= 60) {
    const options = [h("option", { value: "" }, "not known"), ...column.levels.map((level) => h("option", { value: level }, level))];
    return h("div", { class: "field" }, label, h("select", { class: "input", id, name: column.name, "data-kind": column.kind }, ...options));
  }
  const isNumber = column.kind === "integer" || column.kind === "number";
  const input = h("input", { class: "input", id, name: column.name, "data-kind": column.kind, type: isNumber ? "number" : column.kind === "date" ? "date" : "text", step: column.kind === "integer" ? 1 : "any", min: column.min, max: column.max, placeholder: "not known", autocomplete: "off" });
  return h("div", { class: "field" }, label, input);
}

function values(): Record<string, string | number> {
  const given: Record<string, string | number> = {};
  for (const input of form.querySelectorAll<HTMLInputElement>("[name]")) {
    if (input.value === "") continue;
    const kind = input.dataset["kind"];
    given[input.name] = kind === "integer" || kind === "number" ? Number(input.value) : input.value;
  }
  return given;
}

async function predict(): Promise<void> {
  const given = values();
  if (Object.keys(given).length === 0) {
    fill(result, empty("Nothing filled in yet", "Set one field or more; what is left out counts as not known."));
    return;
  }
  flying?.abort();
  flying = new AbortController();
  try {
    show(await send<Answer>("POST", "/predict", given, flying.signal));
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === "AbortError") return;
    fill(result, failed(fault));
  }
}

function show(answer: Answer): void {
  const interval = answer.probability_low !== null && answer.probability_high !== null ? { low: answer.probability_low, high: answer.probability_high } : null;
  const strongest = Math.max(1, ...answer.top_risk_factors.map((reason) => Math.abs(reason.impact)));
  const reasons = answer.top_risk_factors.map((reason) => {
    const mark = h("div", { class: `mark ${reason.impact > 0 ? "up" : "down"}` });
    Object.assign(mark.style, { width: `${(Math.abs(reason.impact) / strongest) * 50}%`, left: reason.impact > 0 ? "50%" : `${50 - (Math.abs(reason.impact) / strongest) * 50}%` });
    return h("div", { class: "flow-row", role: "listitem" }, h("span", { class: "text" }, reason.text.replace(/: [^:]*$/u, "")), h("div", { class: "track", "aria-hidden": "true" }, mark), h("span", { class: "num" }, points(reason.impact)));
  });
  const warnings = answer.warnings.map((warning) => h("li", null, warning.message ?? warning.text ?? JSON.stringify(warning)));
  fill(
    result,
    h("div", { class: "row", "aria-live": "polite" }, h("span", { class: "text-4xl font-semibold", title: `model ${answer.model_version}, features ${answer.feature_set_version.slice(0, 12)}` }, percent(answer.churn_probability)), flag(answer.risk_level)),
    h("div", { class: "my-2" }, bar(answer.churn_probability, answer.risk_level, interval)),
    h("p", { class: "muted small" }, interval ? `between ${percent(interval.low)} and ${percent(interval.high)} · model ${answer.model_version}` : `model ${answer.model_version}`),
    warnings.length > 0 && h("ul", { class: "note-box list-disc pl-6" }, ...warnings),
    h("h3", { class: "mt-4 mb-1" }, "Why, in probability points"),
    h("div", { class: "flow", role: "list" }, ...reasons),
    h("h3", { class: "mt-4 mb-1" }, "What to do"),
    h("div", { class: "stack" }, ...offered(answer.offers)),
    answer.imputed_fields.length > 0 && h("p", { class: "muted small mt-3", title: answer.imputed_fields.join(", ") }, `${count(answer.imputed_fields.length)} fields are not known and count as missing.`),
  );
}

async function build(): Promise<void> {
  await into(form, () => get<{ columns: Column[] }>("/models/champion/card"), (card) => {
    fill(form, ...card.columns.map(field));
    form.addEventListener("input", later(150, () => void predict()));
    void predict();
  }, 8);
}

interface Report {
  report: { n_rows: number; n_scored: number; n_rejected: number; by_risk: Record<string, number>; expected_leavers: number; saving?: { statement: string; net: { minor_units: number; currency: string } } };
}

function ended(place: HTMLElement, job: Job): void {
  if (job.status !== "succeeded") {
    fill(place, failed(new Error(job.error ?? `the job was ${job.status}`)));
    return;
  }
  const { report } = job.result as Report;
  const worth: Money | null = report.saving ? { amount: report.saving.net.minor_units / 100, currency: report.saving.net.currency } : null;
  fill(
    place,
    h("div", { class: "note-box" }, h("strong", null, `${count(report.n_scored)} of ${count(report.n_rows)} customers scored`), h("div", null, `${count(report.by_risk["HIGH"] ?? 0)} at high risk · about ${count(report.expected_leavers)} expected to leave`), worth && h("div", { title: report.saving?.statement }, `Contacting by the playbook is worth ${money(worth)} net`)),
    h("div", { class: "row" }, job.links.result && h("a", { class: "button primary", href: job.links.result, download: true }, "Download scored file"), h("a", { class: "button", href: "/customers" }, "See the ranked list"), job.links.rejected && h("a", { class: "button", href: job.links.rejected, download: true }, `${count(report.n_rejected)} refused rows`)),
  );
}

async function upload(file: File): Promise<void> {
  const place = at("progress");
  fill(place, h("p", { class: "muted", role: "status" }, `Uploading ${file.name} …`));
  const body = new FormData();
  body.set("file", file);
  try {
    const answer = await ask("/batch_predict?as_job=true", { method: "POST", body });
    const { job } = (await answer.json()) as { job: Job };
    await follow(job.id, place, (done) => ended(place, done));
    void history();
  } catch (fault) {
    fill(place, failed(fault));
  }
}

function uploads(): void {
  const drop = at("file");
  const input = at<HTMLInputElement>("file-input");
  const take = (files: FileList | null): void => {
    const file = files?.[0];
    if (file) void upload(file);
  };
  input.addEventListener("change", () => take(input.files));
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.dataset["over"] = "1";
  });
  drop.addEventListener("dragleave", () => delete drop.dataset["over"]);
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    delete drop.dataset["over"];
    take(event.dataTransfer?.files ?? null);
  });
}

async function history(): Promise<void> {
  const place = at("history");
  await into(place, () => get<Page<Prediction>>(`/predictions${query({ limit: 25 })}`), (page) => {
    if (page.items.length === 0) return fill(place, empty("No answers yet", "Every answer the model gives is kept and listed here."));
    const rows = page.items.map((item) => {
      const id = item.customer_id;
      return h("tr", { class: id ? "clickable" : "", onclick: () => id && open(id) }, h("td", { "data-label": "When" }, time(item.timestamp)), h("td", { "data-label": "Customer" }, id ?? "not named"), h("td", { class: "num", "data-label": "Probability" }, percent(item.churn_probability)), h("td", { "data-label": "Risk" }, flag(item.risk_level)), h("td", { class: "muted", "data-label": "Asked by" }, item.source), h("td", { class: "muted", "data-label": "Model" }, item.model_version));
    });
    const head = ["When", "Customer", "Probability", "Risk", "From", "Model"].map((text) => h("th", { scope: "col", class: text === "Probability" ? "num" : "" }, text));
    fill(place, h("table", { class: "sheet cards", "aria-label": "Recent predictions" }, h("thead", null, h("tr", null, ...head)), h("tbody", null, ...rows)));
  });
}

start();
void build();
uploads();
void history();
at("clear").addEventListener("click", () => {
  form.reset();
  void predict();
});
at("curl").addEventListener("click", () => {
  const text = `curl -s ${location.origin}/api/v1/predict -H 'content-type: application/json' -H "X-Api-Key: $KEY" -d '${JSON.stringify(values()).replaceAll("'", "'\\''")}'`;
  void navigator.clipboard.writeText(text).then(() => toast("Copied; set KEY to a key of yours"), () => toast(text));
});
if (read("customer")) open(read("customer") ?? "");
