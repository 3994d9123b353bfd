// Charts: ECharts with only the parts we draw, one look for all, and a table behind each.

import { BarChart, HeatmapChart, LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { init, use, type EChartsCoreOption, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { fill, h } from "./dom";

use([BarChart, HeatmapChart, LineChart, ScatterChart, GridComponent, MarkLineComponent, TooltipComponent, VisualMapComponent, CanvasRenderer]);

/** The colours of the moment, by name of the token. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export interface Rows {
  head: string[];
  rows: (string | number)[][];
}

function common(): EChartsCoreOption {
  const axis = { axisLine: { lineStyle: { color: colour("line") } }, axisTick: { show: false }, axisLabel: { color: colour("muted"), fontSize: 12 }, splitLine: { lineStyle: { color: colour("line"), opacity: 0.6 } }, nameTextStyle: { color: colour("muted"), fontSize: 12 } };
  return {
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colour("text") },
    animationDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 250,
    // The page's policy forbids inline styles, which HTML tooltips are made of.
    tooltip: { renderMode: "richText", backgroundColor: colour("raised"), borderWidth: 0, textStyle: { color: colour("text"), fontSize: 13 }, confine: true },
    grid: { left: 8, right: 16, top: 28, bottom: 28, containLabel: true },
    axis,
  };
}

/** An axis in the common look. */
export function axis(own: Record<string, unknown>): Record<string, unknown> {
  return { ...(common()["axis"] as Record<string, unknown>), nameLocation: "middle", nameGap: 30, ...own };
}

/** Draws into a place, anew when the theme changes, with the same figures as a table behind it. */
export function draw(place: HTMLElement, label: string, option: () => EChartsCoreOption, table: Rows, height = ""): EChartsType {
  const canvas = h("div", { class: `chart ${height}`, role: "img", "aria-label": `${label}. The figures are in the table below the chart.` });
  fill(place, canvas, behind(table));
  const chart = init(canvas);
  const paint = (): void => {
    const { axis: _, ...base } = common();
    const own = option();
    chart.setOption({ ...base, ...own, tooltip: { ...(base["tooltip"] as object), ...((own["tooltip"] as object | undefined) ?? {}) }, grid: { ...(base["grid"] as object), ...((own["grid"] as object | undefined) ?? {}) } }, true);
  };
  paint();
  new ResizeObserver(() => chart.resize()).observe(canvas);
  document.addEventListener("theme", paint);
  return chart;
}

function behind(table: Rows): HTMLElement {
  const head = h("tr", null, ...table.head.map((text, place) => h("th", { class: place ? "num" : "" }, text)));
  const rows = table.rows.map((row) => h("tr", null, ...row.map((cell, place) => h("td", { class: place ? "num" : "" }, cell))));
  return h("details", { class: "behind" }, h("summary", null, "Figures as a table"), h("div", { class: "scroll", tabindex: "0" }, h("table", { class: "sheet dense" }, h("thead", null, head), h("tbody", null, ...rows))));
}
