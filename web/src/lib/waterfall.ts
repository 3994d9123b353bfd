// One customer's score as a sum: from the average customer, through every reason, to the score.

import { h, placed } from "./dom";
import { percent, points } from "./format";

export interface Contribution {
  feature: string;
  value: string;
  impact: number;
  text: string;
  protected: boolean;
}

interface Step {
  text: string;
  title: string;
  from: number;
  to: number;
  kind: "up" | "down" | "whole";
  said: string;
}

function steps(base: number, end: number, contributions: Contribution[], most: number): Step[] {
  const all: Step[] = [{ text: "Average customer", title: "Where the model starts", from: 0, to: base * 100, kind: "whole", said: percent(base) }];
  let place = base * 100;
  const step = (text: string, title: string, impact: number): void => {
    all.push({ text, title, from: place, to: place + impact, kind: impact > 0 ? "up" : "down", said: points(impact) });
    place += impact;
  };
  // The points stand in their own column, so the sentence goes without them.
  for (const item of contributions.slice(0, most)) step(item.text.replace(/: [+-−±]?[\d.]+ points?$/u, ""), `${item.feature} = ${item.value}`, item.impact);
  const rest = contributions.slice(most);
  if (rest.length > 0) step(`${rest.length} smaller reasons`, rest.map((item) => item.text).join("\n"), rest.reduce((sum, item) => sum + item.impact, 0));
  all.push({ text: "This customer", title: "The calibrated probability", from: 0, to: end * 100, kind: "whole", said: percent(end) });
  return all;
}

/** The waterfall; rows are text as well as marks, so it reads without colour and without a picture. */
export function waterfall(base: number, end: number, contributions: Contribution[], most = 8): HTMLElement {
  const all = steps(base, end, contributions, most);
  const values = all.flatMap((step) => [step.from, step.to]);
  const low = Math.min(0, ...values);
  const span = Math.max(...values) - low || 1;
  const share = (value: number): string => `${(((value - low) / span) * 100).toFixed(2)}%`;
  const rows = all.map((step) => {
    const mark = placed(h("div", { class: `mark ${step.kind}` }), { left: share(Math.min(step.from, step.to)), width: `${((Math.abs(step.to - step.from) / span) * 100).toFixed(2)}%` });
    const strong = step.kind === "whole";
    return h("div", { class: "flow-row", role: "listitem", title: step.title }, h("span", { class: `text ${strong ? "" : "muted"}` }, step.text), h("div", { class: "track", "aria-hidden": "true" }, mark), h("span", { class: "num" }, step.said));
  });
  return h("div", { class: "flow", role: "list", "aria-label": "What makes up this score, in probability points" }, ...rows);
}
