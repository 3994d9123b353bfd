// What every page has: theme, sign-out, keyboard, help.

import { read } from "./address";
import { send } from "./api";
import { append, h } from "./dom";
import { toast } from "./overlay";

type Theme = "dark" | "light";

export function theme(): Theme {
  return document.documentElement.dataset["theme"] === "light" ? "light" : "dark";
}

function setTheme(next: Theme): void {
  document.documentElement.dataset["theme"] = next;
  localStorage.setItem("theme", next);
  document.dispatchEvent(new CustomEvent("theme"));
}

const KEYS: [string, string][] = [
  ["/", "Search"],
  ["?", "This help"],
  ["Esc", "Close what is open"],
  ["g then d, c, p, e, m", "Go to dashboard, customers, predictions, explanations, models"],
  ["↑ ↓ Home End", "Move in a table"],
  ["Enter", "Open the row"],
  ["Space", "Select the row"],
];

function help(): void {
  const dialog = h("dialog", { class: "modal", "aria-labelledby": "keys" });
  const rows = KEYS.map(([key, what]) => h("tr", null, h("td", null, h("kbd", null, key)), h("td", { class: "wrap" }, what)));
  append(dialog, h("h2", { id: "keys" }, "Keyboard"), h("table", { class: "sheet" }, h("tbody", null, ...rows)), h("div", { class: "row justify-end mt-3" }, h("button", { class: "button", type: "button", onclick: () => dialog.close() }, "Close")));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

const PLACES: Record<string, string> = { d: "/dashboard", c: "/customers", p: "/predictions", e: "/explanations", m: "/models" };

function keyboard(): void {
  let going = false;
  document.addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    const types = target.matches("input, textarea, select, [contenteditable]");
    if (types || event.ctrlKey || event.metaKey || event.altKey) return;
    if (going && PLACES[event.key]) return location.assign(PLACES[event.key] ?? "/");
    going = event.key === "g";
    if (event.key === "/") {
      const search = document.querySelector<HTMLInputElement>("[data-search]");
      if (search) {
        event.preventDefault();
        search.focus();
      }
    } else if (event.key === "?") help();
  });
}

async function signOut(): Promise<void> {
  await send("POST", "/auth/logout", {});
  location.assign("/login");
}

/** Sets up what every page has. */
export function start(): void {
  document.getElementById("theme")?.addEventListener("click", () => setTheme(theme() === "dark" ? "light" : "dark"));
  document.getElementById("sign-out")?.addEventListener("click", () => {
    signOut().catch((fault: Error) => toast(fault.message));
  });
  document.getElementById("help")?.addEventListener("click", help);
  keyboard();
  const said = read("said");
  if (said) toast(said);
}
