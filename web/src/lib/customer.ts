// One customer in a panel: score, why, what would lower it, what was said before.

import { get, query, type Page } from "./api";
import { fill, h } from "./dom";
import { number, percent, points, time, type Money } from "./format";
import { panel } from "./overlay";
import { bar, flag } from "./risk";
import { into } from "./states";
import { waterfall, type Contribution } from "./waterfall";

export interface Customer {
  customer_id: string;
  dataset: string;
  churn_probability: number;
  risk_level: string;
  model_version: string;
  scored_at: string;
  values: Record<string, string | number | null>;
}

export interface Offer {
  title: string;
  arithmetic: string;
  expected_value: Money;
}

export interface Explanation {
  customer_id: string;
  model_version: string;
  feature_set_version: string;
  churn_probability: number;
  risk_level: string;
  base_probability: number;
  contributions: Contribution[];
  offers: Offer[];
  counterfactuals: Counterfactual[];
  caution: string;
}

interface Counterfactual {
  churn_probability: number;
  text: string;
}

export interface Prediction {
  id: string;
  timestamp: string;
  customer_id: string | null;
  churn_probability: number;
  risk_level: string;
  model_version: string;
  source: string;
}

/** Opens the panel of a customer. */
export function open(id: string, closed?: () => void): void {
  const { body } = panel(id, closed);
  const why = h("section", { "aria-label": "Why" });
  const values = h("section", { "aria-label": "Values" });
  const before = h("section", { "aria-label": "Earlier answers" });
  fill(body, why, before, values);
  void into(why, () => get<Explanation>(`/explain${query({ customer_id: id })}`), (found) => fill(why, ...explained(found)), 10);
  void into(values, () => get<Customer>(`/customers/${encodeURIComponent(id)}`), (found) => fill(values, facts(found)), 3);
  void into(before, () => get<Page<Prediction>>(`/predictions${query({ customer_id: id, limit: 12 })}`), (page) => fill(before, timeline(page.items)), 2);
}

/** Score and reasons. */
export function explained(found: Explanation): HTMLElement[] {
  const head = h("div", { class: "stack" },
    h("div", { class: "row" }, h("span", { class: "text-3xl font-semibold", title: `model ${found.model_version}, features ${found.feature_set_version.slice(0, 12)}` }, percent(found.churn_probability)), flag(found.risk_level), h("span", { class: "muted small" }, "probability of leaving")),
    bar(found.churn_probability, found.risk_level));
  const parts: HTMLElement[] = [head, h("h3", { class: "mt-4" }, "Why"), waterfall(found.base_probability, found.churn_probability, found.contributions)];
  parts.push(h("h3", { class: "mt-4" }, "What to do"), ...offered(found.offers));
  if (found.counterfactuals.length > 0) {
    const rows = found.counterfactuals.slice(0, 4).map((move) => h("li", null, move.text));
    parts.push(h("h3", { class: "mt-4" }, "What offers would change"), h("ul", { class: "list-disc pl-5 small" }, ...rows), h("p", { class: "muted small" }, found.caution));
  }
  return parts;
}

/** Offers worth their cost, each with its sum. */
export function offered(offers: Offer[]): HTMLElement[] {
  if (offers.length === 0) return [h("p", { class: "muted small" }, "Leave alone: no offer of the playbook is worth its cost here.")];
  return offers.map((offer) => h("div", { class: "note-box" }, h("strong", null, offer.title), h("div", { title: "probability × share who stay because of it × value − cost" }, offer.arithmetic)));
}

function facts(customer: Customer): HTMLElement {
  const rows = Object.entries(customer.values).map(([name, value]) => h("tr", null, h("td", { class: "muted" }, name), h("td", null, value === null ? "–" : typeof value === "number" ? number(value, Number.isInteger(value) ? 0 : 2) : value)));
  return h("details", null, h("summary", { class: "cursor-pointer" }, "All values"), h("table", { class: "sheet dense" }, h("tbody", null, ...rows)));
}

function timeline(items: Prediction[]): HTMLElement {
  if (items.length === 0) return h("p", { class: "muted small" }, "No earlier answers.");
  const rows = items.map((item, place) => {
    const before = items[place + 1];
    const change = before ? points((item.churn_probability - before.churn_probability) * 100) : "";
    return h("tr", null, h("td", { class: "muted" }, time(item.timestamp)), h("td", { class: "num" }, percent(item.churn_probability)), h("td", { class: "num muted" }, change), h("td", { class: "muted" }, item.model_version));
  });
  return h("details", { open: true }, h("summary", { class: "cursor-pointer" }, "Earlier answers"), h("table", { class: "sheet dense" }, h("tbody", null, ...rows)));
}
