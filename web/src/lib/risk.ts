// A score at a glance: level by shape and colour, probability, interval as a thin bar.

import { h, placed } from "./dom";
import { percent } from "./format";

export function flag(level: string): HTMLElement {
  const word = level.charAt(0) + level.slice(1).toLowerCase();
  return h("span", { class: `risk risk-${level}` }, word);
}

export interface Interval {
  low: number;
  high: number;
}

export function bar(probability: number, level: string, interval?: Interval | null): HTMLElement {
  const bar = h("div", { class: `bar ${level}`, role: "img", "aria-label": `${percent(probability)}${interval ? `, from ${percent(interval.low)} to ${percent(interval.high)}` : ""}` });
  bar.append(placed(h("i"), { width: `${probability * 100}%` }));
  if (interval) bar.append(placed(h("b"), { left: `${interval.low * 100}%`, width: `${(interval.high - interval.low) * 100}%` }));
  return bar;
}
