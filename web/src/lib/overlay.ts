// Side panels, questions and short messages. Focus goes in, stays in, and goes back where it was.

import { append, fill, h, type Child } from "./dom";

/** Opens a panel at the side; returns the place for its content and the way to close it. */
export function panel(title: string, closed?: () => void): { body: HTMLElement; close: () => void } {
  const before = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  const body = h("div", { class: "stack" });
  const name = h("h2", { id: "panel-title" }, title);
  const dialog = h("dialog", { class: "panel", "aria-labelledby": "panel-title" });
  const close = (): void => dialog.close();
  append(dialog, h("header", { class: "row" }, name, h("span", { class: "grow flex-1" }), h("button", { class: "button quiet", type: "button", "aria-label": "Close", onclick: close }, "✕")), body);
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    closed?.();
    before?.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  return { body, close };
}

/** Asks a question; resolves to whether it was confirmed. */
export function confirm(title: string, text: Child[], action: string): Promise<boolean> {
  return new Promise((resolve) => {
    const dialog = h("dialog", { class: "modal", "aria-labelledby": "question" });
    const answer = (value: string) => (): void => dialog.close(value);
    append(
      dialog,
      h("h2", { id: "question" }, title),
      h("div", { class: "stack muted my-3" }, ...text),
      h("div", { class: "row justify-end" }, h("button", { class: "button", type: "button", onclick: answer("") }, "Cancel"), h("button", { class: "button primary", type: "button", onclick: answer("yes") }, action)),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A message that goes by itself. */
export function toast(text: string): void {
  let place = document.querySelector(".toasts");
  if (!place) {
    place = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
    document.body.append(place);
  }
  const message = h("div", { class: "toast" });
  fill(message, text);
  place.append(message);
  window.setTimeout(() => message.remove(), 6000);
}
