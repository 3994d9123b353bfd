// The home page: how many will leave, what that is worth, where they are, and how good the model is.

import { get } from "../lib/api";
import { at, fill, h } from "../lib/dom";
import { ago, count, money, number, percent, time, type Money } from "../lib/format";
import { origin } from "../lib/meta";
import { flag } from "../lib/risk";
import { start } from "../lib/shell";
import { empty, into } from "../lib/states";
import type { Card } from "../lib/model";

export interface Level {
  level: string;
  n: number;
  mean_probability: number;
  low: number;
  high: number;
  n_high: number;
  value_at_risk: Money | null;
}

interface Overview {
  dataset: string;
  model_version: string;
  n_customers: number;
  scored_from: string | null;
  scored_to: string | null;
  expected_leavers: number;
  mean_probability: number;
  value_at_risk: Money | null;
  value_words: string;
  by_risk: { level: string; n: number; expected_leavers: number; value_at_risk: Money | null }[];
  histogram: { low: number; high: number; n: number }[];
  segments: { column: string; label: string; spread: number; levels: Level[] }[];
  cohorts: { rows: string; columns: string; row_levels: string[]; column_levels: string[]; cells: { row: number; column: number; n: number; mean_probability: number }[] } | null;
}

function tile(label: string, value: string, note: string, title: string): HTMLElement {
  return h("section", { class: "card tile", title }, h("span", { class: "label" }, label), h("span", { class: "figure" }, value), h("span", { class: "note" }, note));
}

function tiles(overview: Overview, base: number | null): void {
  const from = origin({ dataset: overview.dataset, model: overview.model_version, ...(overview.scored_to ? { at: time(overview.scored_to) } : {}) });
  const high = overview.by_risk.find((item) => item.level === "HIGH");
  const all = [
    tile("Customers scored", count(overview.n_customers), overview.scored_to ? `last ${ago(overview.scored_to)}` : "", from),
    tile("Expected to leave", count(overview.expected_leavers), `${percent(overview.mean_probability)} of all${base !== null ? `; ${percent(base)} left in the training data` : ""}`, `Sum of the calibrated probabilities. ${from}`),
    tile("At high risk", count(high?.n ?? 0), high ? `${count(high.expected_leavers)} of them expected to leave` : "", `Risk level HIGH of the playbook. ${from}`),
  ];
  if (overview.value_at_risk) all.push(tile("Value at risk", money(overview.value_at_risk), `${money(high?.value_at_risk ?? { amount: 0, currency: overview.value_at_risk.currency })} of it at high risk`, `Sum of probability × value of each customer; ${overview.value_words}. ${from}`));
  fill(at("tiles"), ...all);
}

async function charts(overview: Overview): Promise<void> {
  const { axis, colour, draw } = await import("../lib/chart");
  const bins = overview.histogram;
  draw(at("histogram"), "Customers by probability of leaving", () => ({
    tooltip: { trigger: "axis", formatter: (items: { dataIndex: number }[]) => { const bin = bins[items[0]?.dataIndex ?? 0]; return bin ? `${percent(bin.low, 0)} to ${percent(bin.high, 0)}\n${count(bin.n)} customers` : ""; } },
    xAxis: axis({ type: "category", data: bins.map((bin) => percent(bin.low, 0)), name: "probability of leaving" }),
    yAxis: axis({ type: "value" }),
    series: [{ type: "bar", data: bins.map((bin) => bin.n), barCategoryGap: "12%", itemStyle: { color: colour("accent"), borderRadius: [4, 4, 0, 0] } }],
  }), { head: ["probability", "customers"], rows: bins.map((bin) => [`${percent(bin.low, 0)} – ${percent(bin.high, 0)}`, count(bin.n)]) });
  drawSegments(overview);
  const { cohorts } = overview;
  if (!cohorts) return fill(at("cohorts"), empty("No cohorts", "The data set has no number and category to cross."));
  const most = Math.max(...cohorts.cells.map((cell) => cell.mean_probability));
  draw(at("cohorts"), `Mean probability by ${cohorts.rows} and ${cohorts.columns}`, () => ({
    tooltip: { formatter: (item: { dataIndex: number }) => { const cell = cohorts.cells[item.dataIndex]; return cell ? `${cohorts.row_levels[cell.row]}, ${cohorts.column_levels[cell.column]}\n${percent(cell.mean_probability)} of ${count(cell.n)} customers` : ""; } },
    grid: { bottom: 30 },
    xAxis: axis({ type: "category", data: cohorts.column_levels, splitLine: { show: false } }),
    yAxis: axis({ type: "category", data: cohorts.row_levels, inverse: true, splitLine: { show: false }, name: cohorts.rows, nameLocation: "start", nameGap: 8 }),
    visualMap: { show: false, min: 0, max: most, dimension: 2, inRange: { color: [colour("raised"), colour("high")] } },
    series: [{ type: "heatmap", data: cohorts.cells.map((cell) => ({ value: [cell.column, cell.row, cell.mean_probability], label: { color: colour(cell.mean_probability > most * 0.45 ? "on-high" : "text") } })), itemStyle: { borderColor: colour("surface"), borderWidth: 3, borderRadius: 6 }, label: { show: true, fontSize: 13, formatter: (item: { value: number[] }) => percent(item.value[2] ?? 0, 0) } }],
  }), { head: [cohorts.rows, cohorts.columns, "customers", "mean probability"], rows: cohorts.cells.map((cell) => [cohorts.row_levels[cell.row] ?? "", cohorts.column_levels[cell.column] ?? "", count(cell.n), percent(cell.mean_probability)]) }, "tall");
}

function drawSegments(overview: Overview): void {
  const place = at("segments");
  const choice = h("select", { class: "input max-w-64", "aria-label": "Segments by" }, ...overview.segments.map((segment) => h("option", { value: segment.column }, segment.label)));
  const table = h("div", { class: "table-wrap mt-3", tabindex: 0 });
  const show = (): void => {
    const segment = overview.segments.find((item) => item.column === choice.value) ?? overview.segments[0];
    if (!segment) return fill(table, empty("No segments", "The data set has no category."));
    const most = Math.max(...segment.levels.map((level) => level.high));
    const rows = segment.levels.map((level) => {
      const bar = h("div", { class: "bar", role: "img", "aria-label": `${percent(level.low)} to ${percent(level.high)}` }, h("i"), h("b"));
      Object.assign((bar.children[0] as HTMLElement).style, { width: `${(level.mean_probability / most) * 100}%` });
      Object.assign((bar.children[1] as HTMLElement).style, { left: `${(level.low / most) * 100}%`, width: `${((level.high - level.low) / most) * 100}%` });
      return h("tr", null, h("td", null, level.level), h("td", { class: "num" }, count(level.n)), h("td", { class: "num" }, percent(level.mean_probability)), h("td", { class: "w-1/4" }, bar), h("td", { class: "num" }, count(level.n_high)), h("td", { class: "num" }, level.value_at_risk ? money(level.value_at_risk) : "–"));
    });
    const head = ["", "Customers", "Probability", "", "High risk", "At risk"].map((text, index) => h("th", { scope: "col", class: index > 0 && text ? "num" : "" }, text || h("span", { class: "sr-only" }, index ? "Interval" : "Segment")));
    fill(table, h("table", { class: "sheet dense", "aria-label": `Segments by ${segment.label}` }, h("thead", null, h("tr", null, ...head)), h("tbody", null, ...rows)));
  };
  choice.addEventListener("change", show);
  fill(place, choice, table);
  show();
}

async function model(): Promise<Card> {
  return get<Card>("/models/champion/card");
}

async function load(): Promise<void> {
  const page = at("page");
  const card = model().catch(() => null);
  await into(at("tiles"), () => get<Overview>("/overview"), async (overview) => {
    if (overview.n_customers === 0) {
      fill(page, empty("No customers yet", "Upload a file and everybody in it is scored, ranked and explained.", { label: "Upload a file", href: "/predictions#file" }));
      return;
    }
    const found = await card;
    tiles(overview, found?.card.trained_on.base_rate ?? null);
    at("as-of").textContent = overview.scored_to ? `${overview.dataset}, scored ${ago(overview.scored_to)} by ${overview.model_version}` : "";
    await charts(overview);
    await gain(found);
  });
}

async function gain(found: Card | null): Promise<void> {
  const curve = found?.card.figures.profit_curve;
  const place = at("gain");
  if (!found || !curve) return fill(place, empty("No curve", "This model's card holds no profit curve."));
  const { drawGain } = await import("../lib/model");
  drawGain(place, curve.points, curve.n_rows);
  const lift = found.card.cv_metrics["lift_at_20"];
  if (lift) at("lift").textContent = `top fifth holds ${number(lift.mean, 2)} times more leavers than chance (${number(lift.low, 2)} to ${number(lift.high, 2)})`;
}

async function attention(): Promise<void> {
  interface Row { customer_id: string; churn_probability: number; risk_level: string }
  await into(at("attention"), () => get<{ items: Row[] }>("/customers?limit=8"), (page) => {
    const rows = page.items.map((item) => h("tr", null, h("td", null, h("a", { href: `/customers?open=${encodeURIComponent(item.customer_id)}` }, item.customer_id)), h("td", { class: "num" }, percent(item.churn_probability)), h("td", null, flag(item.risk_level))));
    fill(at("attention"), page.items.length === 0 ? empty("Nobody", "No customers are scored yet.") : h("table", { class: "sheet dense", "aria-label": "Most likely to leave" }, h("tbody", null, ...rows)));
  });
}

start();
void load();
void attention();
