// Drawings of a model's card: calibration, gain and lift, profit by threshold with a slider.

import { axis, colour, draw } from "./chart";
import { append, at, fill, h } from "./dom";
import { algorithm, count, metric, number, percent } from "./format";

export interface Estimate {
  mean: number;
  low: number;
  high: number;
}

export interface Model {
  version: string;
  serving: boolean;
  aliases: string[];
  algorithm: string;
  metrics: { cv: Record<string, Estimate>; test: Record<string, Estimate> };
  run_id: string | null;
  dataset_sha256: string;
  size_bytes: number;
  created_at: string;
}

interface Bin {
  n_rows: number;
  mean_probability: number;
  observed_rate: number;
  rate_low: number;
  rate_high: number;
}

export interface ProfitPoint {
  threshold: number | null;
  n_contacted: number;
  n_positive: number;
  saved: number;
  spent: number;
  profit: number;
}

export interface Card {
  version: string;
  threshold: number;
  card: {
    algorithm: string;
    parameters: Record<string, unknown>;
    trained_on: { dataset: string; sha256: string; n_rows: number; base_rate: number };
    cv_metrics: Record<string, Estimate>;
    test_metrics: Record<string, Estimate>;
    decision: string;
    intended_use: string;
    limits: string[];
    figures: {
      calibration?: { kind: string; reliability: Bin[] };
      profit_curve?: { contact_cost: number; save_rate: number; n_rows: number; points: ProfitPoint[] };
      importances?: { kind: string; features: { feature: string; label: string; share: number }[] };
    };
  };
}

function box(title: string, note: string, span = "span-6"): { card: HTMLElement; place: HTMLElement } {
  const place = h("div");
  return { card: h("section", { class: `card ${span}` }, h("header", null, h("h2", null, title), h("p", null, note)), place), place };
}

/** Reliability: what was said against what happened, with intervals. */
export function drawCalibration(place: HTMLElement, bins: Bin[]): void {
  const top = Math.max(...bins.map((bin) => Math.max(bin.rate_high, bin.mean_probability)));
  const most = Math.min(1, Math.ceil(top * 10) / 10);
  const share = (value: number): string => percent(value, 0);
  draw(
    place,
    "Said against happened",
    () => ({
      tooltip: { trigger: "item", formatter: (item: { dataIndex: number }) => { const bin = bins[item.dataIndex]; return bin ? `said ${percent(bin.mean_probability)}, happened ${percent(bin.observed_rate)}\n${percent(bin.rate_low)} to ${percent(bin.rate_high)} of ${count(bin.n_rows)} customers` : ""; } },
      xAxis: axis({ type: "value", min: 0, max: most, name: "said", axisLabel: { formatter: share, color: colour("muted") } }),
      yAxis: axis({ type: "value", min: 0, max: most, axisLabel: { formatter: share, color: colour("muted") } }),
      series: [
        { type: "line", data: [[0, 0], [most, most]], symbol: "none", lineStyle: { color: colour("muted"), type: "dashed", width: 1 }, silent: true },
        ...bins.map((bin) => ({ type: "line", data: [[bin.mean_probability, bin.rate_low], [bin.mean_probability, bin.rate_high]], symbol: "none", lineStyle: { color: colour("accent"), width: 3, opacity: 0.35 }, silent: true })),
        { type: "scatter", data: bins.map((bin) => [bin.mean_probability, bin.observed_rate]), symbolSize: 9, itemStyle: { color: colour("accent") } },
      ],
    }),
    { head: ["said", "happened", "from", "to", "customers"], rows: bins.map((bin) => [percent(bin.mean_probability), percent(bin.observed_rate), percent(bin.rate_low), percent(bin.rate_high), count(bin.n_rows)]) },
  );
}

/** Gain: share of leavers found by the share contacted, against chance. */
export function drawGain(place: HTMLElement, points: ProfitPoint[], nRows: number): void {
  const leavers = points.at(-1)?.n_positive ?? 0;
  if (leavers === 0) return;
  const data = points.map((point) => ({ contacted: point.n_contacted / nRows, found: point.n_positive / leavers }));
  const lift = (item: { contacted: number; found: number }): number => (item.contacted > 0 ? item.found / item.contacted : 1);
  draw(
    place,
    "Share of leavers found by share contacted",
    () => ({
      tooltip: { trigger: "axis", formatter: (items: { dataIndex: number }[]) => { const item = data[items[0]?.dataIndex ?? 0]; return item ? `contact ${percent(item.contacted, 0)}\nfind ${percent(item.found, 0)} of leavers\nlift ${number(lift(item), 2)}` : ""; } },
      xAxis: axis({ type: "value", min: 0, max: 1, name: "customers contacted, riskiest first", axisLabel: { formatter: (value: number) => percent(value, 0), color: colour("muted") } }),
      yAxis: axis({ type: "value", min: 0, max: 1, axisLabel: { formatter: (value: number) => percent(value, 0), color: colour("muted") } }),
      series: [
        { type: "line", data: data.map((item) => [item.contacted, item.found]), symbol: "none", lineStyle: { color: colour("accent"), width: 2.5 }, areaStyle: { color: colour("accent"), opacity: 0.1 } },
        { type: "line", data: [[0, 0], [1, 1]], symbol: "none", silent: true, lineStyle: { color: colour("muted"), type: "dashed", width: 1 } },
      ],
    }),
    { head: ["contacted", "leavers found", "lift"], rows: data.filter((_, place) => place % Math.max(1, Math.round(data.length / 20)) === 0).map((item) => [percent(item.contacted), percent(item.found), number(lift(item), 2)]) },
  );
}

function nearest(points: ProfitPoint[], threshold: number): ProfitPoint | undefined {
  return points.reduce<ProfitPoint | undefined>((best, point) => (point.threshold !== null && (best?.threshold == null || Math.abs(point.threshold - threshold) < Math.abs(best.threshold - threshold)) ? point : best), undefined);
}

/** Profit by threshold, and a slider that says what a threshold means in contacts and money. */
export function drawProfit(place: HTMLElement, curve: NonNullable<Card["card"]["figures"]["profit_curve"]>, threshold: number): void {
  const points = curve.points.filter((point) => point.threshold !== null);
  const chart = h("div");
  const words = h("p", { class: "note-box", "aria-live": "polite" });
  const slider = h("input", { type: "range", min: 0, max: 1, step: 0.005, value: threshold, class: "w-full", "aria-label": "Threshold: contact from this probability on" });
  const say = (): void => {
    const point = nearest(points, Number(slider.value));
    if (!point) return;
    const precision = point.n_contacted > 0 ? point.n_positive / point.n_contacted : 0;
    fill(words, h("strong", null, `From ${percent(Number(slider.value), 1)} on: `), `contact ${count(point.n_contacted)} of ${count(curve.n_rows)}, ${count(point.n_positive)} of them leavers (${percent(precision, 0)}); kept is worth ${number(point.saved, 0)}, contacts cost ${number(point.spent, 0)}, profit ${number(point.profit, 0)} at a save rate of ${percent(curve.save_rate, 0)} and ${number(curve.contact_cost, 2)} a contact.`);
  };
  slider.addEventListener("input", say);
  fill(place, chart, h("label", { class: "field mt-3" }, h("span", null, "Contact from this probability on"), slider), words);
  say();
  draw(
    chart,
    "Profit by threshold",
    () => ({
      tooltip: { trigger: "axis", formatter: (items: { dataIndex: number }[]) => { const point = points[items[0]?.dataIndex ?? 0]; return point ? `from ${percent(point.threshold ?? 0)} on\n${count(point.n_contacted)} contacts\nprofit ${number(point.profit, 0)}` : ""; } },
      xAxis: axis({ type: "value", min: 0, max: 1, name: "threshold", axisLabel: { formatter: (value: number) => percent(value, 0), color: colour("muted") } }),
      yAxis: axis({ type: "value" }),
      series: [{ type: "line", data: points.map((point) => [point.threshold, point.profit]), symbol: "none", lineStyle: { color: colour("accent"), width: 2.5 }, markLine: { symbol: "none", silent: true, label: { formatter: "in use", color: colour("muted") }, lineStyle: { color: colour("muted"), type: "dashed" }, data: [{ xAxis: threshold }] } }],
    }),
    { head: ["threshold", "contacts", "leavers", "profit"], rows: points.filter((_, index) => index % Math.max(1, Math.round(points.length / 20)) === 0).map((point) => [percent(point.threshold ?? 0), count(point.n_contacted), count(point.n_positive), number(point.profit, 0)]) },
    "short",
  );
}

/** The curves of a model side by side. */
export async function drawCurves(place: HTMLElement, found: Card): Promise<void> {
  const { calibration, profit_curve } = found.card.figures;
  if (profit_curve) {
    const gain = box("Who is found", "share of leavers by share contacted, cross-validated");
    const profit = box("What it is worth", "profit by threshold, in the currency of the playbook");
    append(place, gain.card, profit.card);
    drawGain(gain.place, profit_curve.points, profit_curve.n_rows);
    drawProfit(profit.place, profit_curve, found.threshold);
  }
  if (calibration) {
    const reliability = box("Does it keep its word", `what was said against what happened (${calibration.kind} calibration)`);
    append(place, reliability.card);
    drawCalibration(reliability.place, calibration.reliability);
  }
  const figures = box("Figures", "mean and 95 % interval");
  append(place, figures.card);
  fill(figures.place, metrics(found));
}

function metrics(found: Card): HTMLElement {
  const names = ["roc_auc", "pr_auc", "log_loss", "brier", "ece", "lift_at_10", "lift_at_20", "capture_at_20", "precision", "recall", "f1"];
  const said = (estimate: Estimate | undefined): string => (estimate ? `${number(estimate.mean, 3)} [${number(estimate.low, 3)}, ${number(estimate.high, 3)}]` : "–");
  const rows = names.map((name) => h("tr", null, h("td", { title: metric(name).meaning }, metric(name).title), h("td", { class: "num" }, said(found.card.cv_metrics[name])), h("td", { class: "num" }, said(found.card.test_metrics[name]))));
  const head = h("tr", null, h("th", { scope: "col" }, "Metric"), h("th", { scope: "col", class: "num" }, "Cross-validation"), h("th", { scope: "col", class: "num" }, "Test part"));
  return h("div", { class: "table-wrap", tabindex: 0 }, h("table", { class: "sheet dense" }, h("thead", null, head), h("tbody", null, ...rows)));
}

/** The card: what it is for, what not, from what, how good. */
export async function drawCard(place: HTMLElement, found: Card): Promise<void> {
  const { card } = found;
  const parameters = Object.entries(card.parameters).map(([name, value]) => h("tr", null, h("td", { class: "muted" }, name), h("td", { class: "wrap" }, typeof value === "object" ? JSON.stringify(value) : String(value))));
  const curves = h("div", { class: "stack", id: "card-curves" });
  fill(
    place,
    h("p", null, `${algorithm(card.algorithm)}, learned from ${count(card.trained_on.n_rows)} customers of ${card.trained_on.dataset} (sha256 ${card.trained_on.sha256.slice(0, 12)}), ${percent(card.trained_on.base_rate)} of whom left.`),
    card.decision && h("p", { class: "note-box" }, h("strong", null, "Why this one: "), card.decision),
    h("p", null, card.intended_use),
    h("h3", null, "Limits"),
    h("ul", { class: "list-disc pl-5 small muted" }, ...card.limits.map((limit) => h("li", null, limit))),
    curves,
    h("details", null, h("summary", { class: "cursor-pointer" }, "Parameters"), h("table", { class: "sheet dense" }, h("tbody", null, ...parameters))),
  );
  await drawCurves(at("card-curves"), found);
}
