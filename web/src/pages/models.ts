// Which models there are, how good, and which one answers: leaderboard, compare, card, curves.

import { read, write } from "../lib/address";
import { get, send, type Page } from "../lib/api";
import { at, fill, h } from "../lib/dom";
import { ago, algorithm, count, metric, number, percent, time } from "../lib/format";
import { confirm, panel, toast } from "../lib/overlay";
import { start } from "../lib/shell";
import { empty, into } from "../lib/states";
import type { Card, Model, Estimate } from "../lib/model";

const SHOWN = ["roc_auc", "log_loss", "lift_at_20", "ece", "profit"];
const LOWER_IS_BETTER = new Set(["log_loss", "ece", "brier"]);
const chosen = new Set<string>((read("compare") ?? "").split(",").filter(Boolean));
let models: Model[] = [];

function figure(estimate: Estimate | undefined, best: boolean): HTMLElement {
  if (!estimate) return h("td", { class: "num muted" }, "–");
  const text = number(estimate.mean, 3);
  return h("td", { class: "num", title: `95 % interval ${number(estimate.low, 4)} to ${number(estimate.high, 4)}` }, best ? h("strong", null, text) : text, h("div", { class: "muted small" }, `${number(estimate.low, 3)} – ${number(estimate.high, 3)}`));
}

function bestOf(name: string): number {
  const means = models.map((model) => model.metrics.cv[name]?.mean).filter((mean) => mean !== undefined);
  return LOWER_IS_BETTER.has(name) ? Math.min(...means) : Math.max(...means);
}

async function move(model: Model): Promise<void> {
  const sure = await confirm(`Put ${model.version} into service?`, ["It is loaded and must score two made-up customers before it takes over. Requests under way finish on the model before.", h("span", null, "You can go back with one click.")], `Activate ${model.version}`);
  if (!sure) return;
  try {
    await send("POST", `/models/${model.version}/activate`, { why: "from the dashboard" });
    toast(`${model.version} answers now`);
    await load();
  } catch (fault) {
    toast((fault as Error).message);
  }
}

async function back(): Promise<void> {
  const sure = await confirm("Go back to the model before?", ["The champion becomes the version it was before the last change."], "Roll back");
  if (!sure) return;
  try {
    const moved = await send<{ to: string }>("POST", "/models/champion/rollback", { why: "from the dashboard" });
    toast(`${moved.to} answers now`);
    await load();
  } catch (fault) {
    toast((fault as Error).message);
  }
}

function line(model: Model): HTMLElement {
  const mark = model.serving ? h("span", { class: "chip", "aria-pressed": "true" }, "serving") : h("button", { class: "button small", type: "button", onclick: (event: Event) => { event.stopPropagation(); void move(model); } }, "Activate");
  const box = h("input", { type: "checkbox", "aria-label": `Compare ${model.version}`, checked: chosen.has(model.version), onclick: (event: Event) => event.stopPropagation(), onchange: () => pick(model.version) });
  const name = h("button", { class: "button quiet small", type: "button", onclick: () => card(model.version) }, `${model.version} · ${algorithm(model.algorithm)}`);
  const figures = SHOWN.map((metricName) => figure(model.metrics.cv[metricName], model.metrics.cv[metricName]?.mean === bestOf(metricName)));
  const made = h("div", { class: "muted small pl-3", title: `${time(model.created_at)} · data ${model.dataset_sha256.slice(0, 12)} · run ${model.run_id ?? "imported"}` }, `${ago(model.created_at)} · ${count(model.size_bytes / 1024)} KiB`);
  return h("tr", null, h("td", null, box), h("td", null, name, made), h("td", null, mark), ...figures);
}

function pick(version: string): void {
  if (chosen.has(version)) chosen.delete(version);
  else chosen.add(version);
  write({ compare: [...chosen].join(",") || null });
  compare();
}

function compare(): void {
  const place = at("compare");
  const picked = models.filter((model) => chosen.has(model.version));
  place.hidden = picked.length < 2;
  if (place.hidden) return;
  const names = Object.keys(picked[0]?.metrics.cv ?? {});
  const head = h("tr", null, h("th", { scope: "col" }, "Cross-validation"), ...picked.map((model) => h("th", { scope: "col", class: "num" }, `${model.version} ${algorithm(model.algorithm)}`)));
  const rows = names.map((name) => h("tr", null, h("th", { scope: "row", class: "muted font-normal", title: metric(name).meaning }, metric(name).title), ...picked.map((model) => figure(model.metrics.cv[name], false))));
  fill(place, h("header", null, h("h2", null, "Compared"), h("p", null, "Intervals that overlap widely: these models can't be told apart.")), h("div", { class: "table-wrap", tabindex: 0 }, h("table", { class: "sheet dense" }, h("thead", null, head), h("tbody", null, ...rows))));
}

function card(version: string): void {
  const { body } = panel(`Model ${version}`, () => write({ card: null }));
  write({ card: version });
  void into(body, () => get<Card>(`/models/${version}/card`), async (found) => {
    const { drawCard } = await import("../lib/model");
    await drawCard(body, found);
  }, 12);
}

async function load(): Promise<void> {
  const place = at("models");
  await into(place, () => get<Page<Model>>("/models"), (page) => {
    models = page.items;
    if (models.length === 0) return fill(place, empty("No model yet", "Train one from labelled customers; it appears here with all its figures.", { label: "How to train", href: "/docs/" }));
    const heads = SHOWN.map((name) => h("th", { scope: "col", class: "num", title: metric(name).meaning }, metric(name).title));
    const head = h("tr", null, h("th", { scope: "col" }, h("span", { class: "sr-only" }, "Compare")), h("th", { scope: "col" }, "Model"), h("th", { scope: "col" }, h("span", { class: "sr-only" }, "State")), ...heads);
    fill(place, h("table", { class: "sheet", "aria-label": "Models" }, h("thead", null, head), h("tbody", null, ...models.map(line))));
    compare();
  }, 8);
}

async function serving(): Promise<void> {
  const place = at("serving");
  await into(place, () => get<Card>("/models/champion/card"), async (found) => {
    const { drawCurves } = await import("../lib/model");
    const base = found.card.test_metrics["base_rate"]?.mean ?? found.card.trained_on.base_rate;
    fill(place, h("p", { class: "muted" }, `${found.version}, ${algorithm(found.card.algorithm)}, learned from ${count(found.card.trained_on.n_rows)} customers of ${found.card.trained_on.dataset}, ${percent(base)} of whom left.`), h("div", { id: "curves", class: "grid-cards" }));
    await drawCurves(at("curves"), found);
  }, 10);
}

start();
at("rollback").addEventListener("click", () => void back());
void load();
void serving();
const shown = read("card");
if (shown) card(shown);
