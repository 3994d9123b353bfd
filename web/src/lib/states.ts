// What a part of a page shows when it has nothing to show: loading, nothing there yet, no match,
// or a fault with a way to try again.

import { Fault } from "./api";
import { fill, h } from "./dom";

/** Grey lines that keep the layout while figures are fetched. */
export function loading(place: Element, lines = 4): void {
  place.setAttribute("aria-busy", "true");
  const all = Array.from({ length: lines }, () => h("div", { class: "skeleton line" }));
  fill(place, h("div", { role: "status" }, h("span", { class: "sr-only" }, "Loading"), ...all));
}

function state(kind: string, title: string, text: string, action: HTMLElement | null): HTMLElement {
  return h("div", { class: `state ${kind}`, role: kind === "fault" ? "alert" : "status" }, h("strong", null, title), text && h("span", null, text), action);
}

/** Nothing there yet, with the one thing that makes some. */
export function empty(title: string, text: string, action?: { label: string; href: string }): HTMLElement {
  return state("empty", title, text, action ? h("a", { class: "button primary", href: action.href }, action.label) : null);
}

/** Filters let nothing through. */
export function noMatch(text: string, reset: () => void): HTMLElement {
  return state("no-match", "Nothing matches", text, h("button", { class: "button", type: "button", onclick: reset }, "Clear the filters"));
}

/** What failed, and the way to try again. */
export function failed(fault: unknown, retry?: () => void): HTMLElement {
  const known = fault instanceof Fault ? fault : null;
  const text = known ? [known.hint, known.requestId && `request ${known.requestId}`].filter(Boolean).join(" · ") : "";
  const message = fault instanceof Error ? fault.message : String(fault);
  return state("fault", message, text, retry ? h("button", { class: "button", type: "button", onclick: retry }, "Try again") : null);
}

/** Fetches and shows; the place says so while it waits and when it fails. */
export async function into<T>(place: Element, fetching: () => Promise<T>, show: (value: T) => void | Promise<void>, lines = 4): Promise<void> {
  if (!place.hasChildNodes() || place.querySelector(".state")) loading(place, lines);
  const again = (): void => void into(place, fetching, show, lines);
  try {
    const value = await fetching();
    place.removeAttribute("aria-busy");
    place.replaceChildren();
    await show(value);
  } catch (fault) {
    place.removeAttribute("aria-busy");
    if (fault instanceof DOMException && fault.name === "AbortError") return;
    fill(place, failed(fault, again));
  }
}
