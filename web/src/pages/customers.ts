// Everybody, ranked: filters as chips, sorting, parts fetched as one scrolls, a panel for each.

import { read, write } from "../lib/address";
import { get, query, type Page } from "../lib/api";
import { append, at, fill, h, later } from "../lib/dom";
import { ago, count, percent, time } from "../lib/format";
import { open, type Customer } from "../lib/customer";
import { bar, flag } from "../lib/risk";
import { start } from "../lib/shell";
import { empty, failed, loading, noMatch } from "../lib/states";

interface Overview {
  n_customers: number;
  by_risk: { level: string; n: number }[];
}

const SORTS = { most_likely: "descending", least_likely: "ascending" } as const;
const PART = 100;
const wrap = at("table");
const search = at<HTMLInputElement>("search");
const chips = at("chips");
const total = at("total");
let columns: string[] = (localStorage.getItem("columns") ?? "").split(",").filter(Boolean);
let overview: Overview | null = null;
let next: string | null = null;
let shown: Customer[] = [];
let known: string[] = [];
let flying: AbortController | null = null;

function filters(): Record<string, string | null> {
  return { search: read("search"), risk_level: read("risk"), sort: read("sort") };
}

function isFiltered(): boolean {
  return Boolean(read("search") ?? read("risk"));
}

function reset(): void {
  search.value = "";
  write({ search: null, risk: null });
  void load();
}

function drawChips(): void {
  const risk = read("risk");
  const of = (level: string): number | undefined => overview?.by_risk.find((item) => item.level === level)?.n;
  const chip = (level: string | null, label: string | Node, n: number | undefined): HTMLElement =>
    h("button", { class: "chip", type: "button", "aria-pressed": String(risk === level), onclick: () => { write({ risk: level }); drawChips(); void load(); } }, label, n !== undefined && h("span", { class: "count" }, count(n)));
  fill(chips, chip(null, "All", overview?.n_customers), ...["HIGH", "MEDIUM", "LOW"].map((level) => chip(level, flag(level), of(level))), isFiltered() && h("button", { class: "button quiet small", type: "button", onclick: reset }, "Clear all"));
  const csv = at<HTMLAnchorElement>("export");
  csv.href = `/api/v1/customers.csv${query(filters())}`;
}

function sortHead(): HTMLElement {
  const sort = (read("sort") ?? "most_likely") as keyof typeof SORTS | "key";
  const turn = (): void => {
    write({ sort: sort === "most_likely" ? "least_likely" : null });
    void load();
  };
  return h("th", { scope: "col", "aria-sort": sort === "key" ? "none" : SORTS[sort] }, h("button", { type: "button", onclick: turn }, "Probability of leaving"));
}

function keyHead(): HTMLElement {
  const byKey = read("sort") === "key";
  return h("th", { scope: "col", "aria-sort": byKey ? "ascending" : "none" }, h("button", { type: "button", onclick: () => { write({ sort: byKey ? null : "key" }); void load(); } }, "Customer"));
}

function line(customer: Customer): HTMLTableRowElement {
  const show = (): void => {
    write({ open: customer.customer_id });
    open(customer.customer_id, () => write({ open: null }));
  };
  const cell = (label: string, content: Node | string, kind = ""): HTMLElement => h("td", { class: kind, "data-label": label }, content);
  const score = h("div", { class: "row" }, h("span", { class: "num w-16" }, percent(customer.churn_probability)), bar(customer.churn_probability, customer.risk_level));
  const own = columns.map((name) => cell(name, String(customer.values[name] ?? "–")));
  const scored = h("span", { title: `${time(customer.scored_at)} · model ${customer.model_version} · data ${customer.dataset}` }, ago(customer.scored_at));
  return h("tr", { class: "clickable", tabindex: "-1", onclick: show, onopen: show }, cell("Customer", customer.customer_id), cell("Probability", score), cell("Risk", flag(customer.risk_level)), ...own, cell("Scored", scored, "muted"));
}

function table(rows: Customer[]): HTMLElement {
  const head = h("tr", null, keyHead(), sortHead(), h("th", { scope: "col" }, "Risk"), ...columns.map((name) => h("th", { scope: "col" }, name)), h("th", { scope: "col" }, "Scored"));
  const body = h("tbody", null, ...rows.map(line));
  const grid = h("table", { class: `sheet cards ${localStorage.getItem("dense") ? "dense" : ""}`, "aria-label": "Customers" }, h("thead", null, head), body);
  const first = body.querySelector("tr");
  if (first) first.tabIndex = 0;
  grid.addEventListener("keydown", (event) => move(event, body));
  return grid;
}

/** One tab stop into the rows; arrows move, Enter opens. */
function move(event: KeyboardEvent, body: HTMLElement): void {
  const rows = [...body.querySelectorAll("tr")];
  const place = rows.indexOf(document.activeElement as HTMLTableRowElement);
  if (place < 0) return;
  const steps: Record<string, number> = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: rows.length - 1, PageDown: place + 10, PageUp: place - 10 };
  const to = steps[event.key];
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    rows[place]?.click();
  } else if (to !== undefined) {
    event.preventDefault();
    const target = rows[Math.max(0, Math.min(rows.length - 1, to))];
    for (const row of rows) row.tabIndex = -1;
    if (target) {
      target.tabIndex = 0;
      target.focus();
    }
  }
}

async function part(cursor: string | null): Promise<Page<Customer>> {
  flying?.abort();
  flying = new AbortController();
  return get<Page<Customer>>(`/customers${query({ ...filters(), cursor, limit: PART })}`, flying.signal);
}

async function load(): Promise<void> {
  if (shown.length === 0) loading(wrap, 12);
  try {
    const page = await part(null);
    shown = page.items;
    next = page.next;
    known = Object.keys(shown[0]?.values ?? {});
    show();
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === "AbortError") return;
    fill(wrap, failed(fault, () => void load()));
  }
}

function show(): void {
  drawChips();
  if (shown.length === 0) {
    fill(wrap, isFiltered() ? noMatch("No customer has this risk and this beginning of the key.", reset) : empty("No customers yet", "Score a file, and everybody in it is listed here.", { label: "Upload a file", href: "/predictions#file" }));
    total.textContent = "";
    return;
  }
  const scroll = wrap.scrollTop;
  fill(wrap, table(shown));
  wrap.scrollTop = scroll;
  total.textContent = next ? `${count(shown.length)} shown, more as you scroll` : `${count(shown.length)} customers`;
}

async function more(): Promise<void> {
  if (!next || flying?.signal.aborted === false && wrap.dataset["more"]) return;
  wrap.dataset["more"] = "1";
  try {
    const page = await part(next);
    next = page.next;
    shown = [...shown, ...page.items];
    const body = wrap.querySelector("tbody");
    if (body) append(body, ...page.items.map(line));
    total.textContent = next ? `${count(shown.length)} shown, more as you scroll` : `${count(shown.length)} customers`;
  } finally {
    delete wrap.dataset["more"];
  }
}

function chooser(): void {
  const place = at("columns");
  const dialog = h("dialog", { class: "modal", "aria-labelledby": "choose" });
  const boxes = known.map((name) => h("label", { class: "row" }, h("input", { type: "checkbox", value: name, checked: columns.includes(name) }), name));
  const done = (): void => {
    columns = [...dialog.querySelectorAll<HTMLInputElement>("input:checked")].map((box) => box.value);
    localStorage.setItem("columns", columns.join(","));
    dialog.close();
    show();
  };
  append(dialog, h("h2", { id: "choose" }, "Columns"), h("div", { class: "grid sm:grid-cols-2 gap-2 my-3 max-h-96 overflow-auto" }, ...boxes), h("div", { class: "row justify-end" }, h("button", { class: "button primary", type: "button", onclick: done }, "Show")));
  dialog.addEventListener("close", () => { dialog.remove(); place.focus(); });
  document.body.append(dialog);
  dialog.showModal();
}

start();
search.value = read("search") ?? "";
search.addEventListener("input", later(200, () => {
  write({ search: search.value.trim() || null });
  void load();
}));
at("columns").addEventListener("click", chooser);
at("density").addEventListener("click", () => {
  if (localStorage.getItem("dense")) localStorage.removeItem("dense");
  else localStorage.setItem("dense", "1");
  show();
});
wrap.addEventListener("scroll", () => {
  if (wrap.scrollTop + wrap.clientHeight > wrap.scrollHeight - 600) void more();
});
window.addEventListener("scroll", () => {
  if (window.innerHeight + window.scrollY > document.body.scrollHeight - 600) void more();
});
void load();
const opened = read("open");
if (opened) open(opened, () => write({ open: null }));
get<Overview>("/overview").then((value) => { overview = value; drawChips(); }, () => undefined);
