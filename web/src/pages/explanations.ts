// What drives the scores: importance, swarm, effect of one column, interactions; of everybody or a
// segment; and one customer's waterfall.

import { read, write } from "../lib/address";
import { get, query } from "../lib/api";
import { append, at, fill, h, placed } from "../lib/dom";
import { count, number, percent, points } from "../lib/format";
import { open } from "../lib/customer";
import { start } from "../lib/shell";
import { empty, failed, loading } from "../lib/states";

interface Effect {
  value: string | null;
  n_rows: number;
  mean_points: number;
}

interface Dot {
  points: number;
  value: string | null;
  place: number | null;
}

interface Feature {
  feature: string;
  label: string;
  protected: boolean;
  share: number;
  mean_abs_points: number;
  mean_points: number;
  effects: Effect[];
  dots: Dot[];
}

interface View {
  model_version: string;
  segment: string | null;
  n_rows: number;
  n_outside: number;
  n_sample: number;
  base_probability: number;
  mean_probability: number;
  features: Feature[];
  interactions: { feature_names: string[]; n_rows: number; mean_abs: number[][] } | null;
}

const MOST = 14;
const rule = at<HTMLInputElement>("rule");
let view: View | null = null;

function pick(feature: string): void {
  write({ column: feature });
  void effect();
  importance();
}

function importance(): void {
  if (!view) return;
  const shown = view.features.slice(0, MOST);
  const most = Math.max(...shown.map((item) => item.share)) || 1;
  const picked = read("column") ?? shown[0]?.feature;
  const rows = shown.map((item) => {
    const bar = h("div", { class: "bar" }, placed(h("i"), { width: `${(item.share / most) * 100}%` }));
    const label = item.protected ? `${item.label} (protected)` : item.label;
    return h("button", { class: "flow-row w-full text-left rounded-lg px-2 cursor-pointer", type: "button", "aria-pressed": String(item.feature === picked), title: `${item.feature}: moves a score by ${number(item.mean_abs_points, 2)} points on average`, onclick: () => pick(item.feature) }, h("span", { class: `text ${item.feature === picked ? "font-semibold" : "muted"}` }, label), bar, h("span", { class: "num" }, percent(item.share)));
  });
  fill(at("importance"), h("div", { class: "flow" }, ...rows));
  const rest = view.features.length - shown.length;
  if (rest > 0) append(at("importance"), h("p", { class: "muted small mt-2" }, `${count(rest)} more columns matter less.`));
}

/** Dots of a column stacked around its line, so that none hides another for long. */
function stacked(dots: Dot[], line: number, width: number): [number, number, number | null, number][] {
  const places = new Map<number, number>();
  return dots.map((dot, index) => {
    const cell = Math.round(dot.points / width);
    const taken = places.get(cell) ?? 0;
    places.set(cell, taken + 1);
    const side = taken % 2 ? 1 : -1;
    const away = Math.min(Math.ceil(taken / 2) * 0.06, 0.4) * side;
    return [dot.points, line + away, dot.place, index];
  });
}

async function swarm(): Promise<void> {
  if (!view) return;
  const { axis, colour, draw } = await import("../lib/chart");
  const shown = view.features.slice(0, MOST);
  const reach = Math.max(...shown.flatMap((item) => item.dots.map((dot) => Math.abs(dot.points))), 1);
  const points3 = shown.map((item, line) => stacked(item.dots, line, reach / 60));
  draw(at("swarm"), "Contributions of single customers by column", () => ({
    tooltip: { trigger: "item", formatter: (item: { seriesIndex: number; value: number[] }) => { const feature = shown[item.seriesIndex]; const dot = feature?.dots[item.value[3] ?? 0]; return feature && dot ? `${feature.label} = ${dot.value ?? "missing"}\n${points(dot.points)} points` : ""; } },
    grid: { left: 4, bottom: 34, top: 6 },
    xAxis: axis({ type: "value", name: "probability points" }),
    yAxis: axis({ type: "value", min: -1, max: shown.length, inverse: true, interval: 1, axisLine: { show: false }, splitLine: { show: false }, axisLabel: { color: colour("muted"), formatter: (value: number) => (shown[value]?.label ?? "").slice(0, 22) } }),
    series: points3.map((data) => ({ type: "scatter", data, symbolSize: 5, itemStyle: { opacity: 0.8, color: (item: { value: (number | null)[] }) => { const place = item.value[2]; return place === null || place === undefined ? colour("muted") : place > 0.5 ? colour("high") : colour("low"); } } })),
  }), { head: ["column", "mean", "mean size"], rows: shown.map((item) => [item.label, points(item.mean_points), number(item.mean_abs_points, 2)]) }, "tall");
}

async function effect(): Promise<void> {
  if (!view) return;
  const picked = view.features.find((item) => item.feature === read("column")) ?? view.features[0];
  if (!picked) return;
  const { axis, colour, draw } = await import("../lib/chart");
  at("effect-note").textContent = `${picked.label}: mean probability points of each value`;
  const effects = picked.effects;
  draw(at("effect"), `Mean points by ${picked.label}`, () => ({
    tooltip: { trigger: "axis", formatter: (items: { dataIndex: number }[]) => { const item = effects[items[0]?.dataIndex ?? 0]; return item ? `${item.value ?? "missing"}\n${points(item.mean_points)} points, ${count(item.n_rows)} customers` : ""; } },
    xAxis: axis({ type: "category", data: effects.map((item) => item.value ?? "missing"), axisLabel: { color: colour("muted"), interval: 0, rotate: effects.length > 6 ? 30 : 0, fontSize: 11 } }),
    yAxis: axis({ type: "value" }),
    series: [{ type: "bar", data: effects.map((item) => ({ value: item.mean_points, itemStyle: { color: colour(item.mean_points > 0 ? "high" : "low"), borderRadius: 4 } })), barMaxWidth: 56 }],
  }), { head: [picked.label, "mean points", "customers"], rows: effects.map((item) => [item.value ?? "missing", points(item.mean_points), count(item.n_rows)]) });
}

async function interactions(): Promise<void> {
  const found = view?.interactions;
  if (!found) return;
  const { axis, colour, draw } = await import("../lib/chart");
  const own = (index: number): number => (found.mean_abs[index] ?? []).reduce((sum, value, other) => (other === index ? sum : sum + value), 0);
  const order = found.feature_names.map((_, index) => index).sort((a, b) => own(b) - own(a)).slice(0, 9);
  const names = order.map((index) => found.feature_names[index] ?? "");
  const cells = order.flatMap((row, y) => order.map((column, x) => [x, y, x === y ? 0 : (found.mean_abs[row]?.[column] ?? 0)]));
  const most = Math.max(...cells.map((cell) => cell[2] ?? 0));
  draw(at("interactions"), "Mean absolute interaction of pairs of columns", () => ({
    tooltip: { formatter: (item: { value: number[] }) => `${names[item.value[0] ?? 0]} × ${names[item.value[1] ?? 0]}\n${number(item.value[2] ?? 0, 4)}` },
    grid: { bottom: 8 },
    xAxis: axis({ type: "category", data: names, splitLine: { show: false }, axisLabel: { color: colour("muted"), rotate: 40, fontSize: 11, interval: 0 } }),
    yAxis: axis({ type: "category", data: names, inverse: true, splitLine: { show: false }, axisLabel: { color: colour("muted"), fontSize: 11 } }),
    visualMap: { show: false, min: 0, max: most, dimension: 2, inRange: { color: [colour("raised"), colour("accent")] } },
    series: [{ type: "heatmap", data: cells, itemStyle: { borderColor: colour("surface"), borderWidth: 2, borderRadius: 4 } }],
  }), { head: ["pair", "interaction"], rows: cells.filter((cell) => (cell[0] ?? 0) < (cell[1] ?? 0)).sort((a, b) => (b[2] ?? 0) - (a[2] ?? 0)).slice(0, 20).map((cell) => [`${names[cell[0] ?? 0]} × ${names[cell[1] ?? 0]}`, number(cell[2] ?? 0, 4)]) }, "tall");
}

async function load(): Promise<void> {
  const places = ["importance", "swarm", "effect", "interactions"].map((id) => at(id));
  for (const place of places) loading(place, 6);
  const segment = read("segment");
  rule.value = segment ?? "";
  try {
    view = await get<View>(`/explain/global${query({ segment, interactions: "true" })}`);
    for (const place of places) place.removeAttribute("aria-busy");
    at("about").textContent = `${count(view.n_rows)} customers${view.segment ? ` of the segment, ${count(view.n_outside)} outside` : ""}: ${percent(view.mean_probability)} on average, the model starts at ${percent(view.base_probability)} · model ${view.model_version}`;
    importance();
    await Promise.all([swarm(), effect(), interactions()]);
  } catch (fault) {
    for (const place of places) place.removeAttribute("aria-busy");
    const isNone = (fault as { code?: string }).code === "not_found";
    for (const place of places.slice(1)) fill(place);
    fill(at("importance"), isNone ? empty("No customers yet", "Score a file first; what drives its scores is shown here.", { label: "Upload a file", href: "/predictions#file" }) : failed(fault, () => void load()));
  }
}

start();
at<HTMLFormElement>("segment").addEventListener("submit", (event) => {
  event.preventDefault();
  write({ segment: rule.value.trim() || null }, true);
  void load();
});
at("everybody").addEventListener("click", () => {
  write({ segment: null }, true);
  void load();
});
at<HTMLFormElement>("find").addEventListener("submit", (event) => {
  event.preventDefault();
  const key = at<HTMLInputElement>("key").value.trim();
  if (!key) return;
  write({ open: key });
  open(key, () => write({ open: null }));
});
window.addEventListener("popstate", () => void load());
const opened = read("open");
if (opened) open(opened, () => write({ open: null }));
void load();
