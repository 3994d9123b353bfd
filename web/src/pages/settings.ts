// Accounts, keys of programs, one's own password.

import { get, send, type Page } from "../lib/api";
import { append, at, fill, h } from "../lib/dom";
import { ago, time } from "../lib/format";
import { confirm, toast } from "../lib/overlay";
import { start } from "../lib/shell";
import { empty, into } from "../lib/states";

interface User {
  name: string;
  role: string;
  must_change_password: boolean;
  created_at: string;
  disabled_at: string | null;
}

interface Key {
  id: string;
  user: string;
  label: string;
  hint: string;
  scopes: string[];
  created_at: string;
  expires_at: string | null;
  revoked_at?: string | null;
}

const ROLES = ["viewer", "analyst", "admin"];

function once(title: string, secret: string): void {
  const dialog = h("dialog", { class: "modal", "aria-labelledby": "once" });
  append(dialog, h("h2", { id: "once" }, title), h("p", { class: "muted my-2" }, "Shown once; copy it now."), h("input", { class: "input", readonly: true, value: secret, "aria-label": title }), h("div", { class: "row justify-end mt-3" }, h("button", { class: "button", type: "button", onclick: () => void navigator.clipboard.writeText(secret).then(() => toast("Copied")) }, "Copy"), h("button", { class: "button primary", type: "button", onclick: () => dialog.close() }, "Done")));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (fault) {
    toast((fault as Error).message);
  }
}

const change = (name: string, body: Record<string, unknown>): Promise<void> =>
  attempt(async () => {
    const answer = await send<{ password?: string | null }>("PATCH", `/users/${encodeURIComponent(name)}`, body);
    if (answer.password) once(`New password of ${name}`, answer.password);
    await users();
  });

function userLine(user: User): HTMLElement {
  const role = h("select", { class: "input", "aria-label": `Role of ${user.name}`, onchange: (event: Event) => void change(user.name, { role: (event.target as HTMLSelectElement).value }) }, ...ROLES.map((value) => h("option", { value, selected: value === user.role }, value)));
  const shut = Boolean(user.disabled_at);
  return h("tr", null, h("td", null, user.name), h("td", null, role), h("td", { class: "muted" }, shut ? "shut" : user.must_change_password ? "must change the password" : "open"), h("td", { class: "muted", title: time(user.created_at) }, ago(user.created_at)), h("td", null, h("div", { class: "row" }, h("button", { class: "button small", type: "button", onclick: () => void change(user.name, { reset_password: true }) }, "New password"), h("button", { class: "button small", type: "button", onclick: () => void change(user.name, { disabled: !shut }) }, shut ? "Open" : "Shut"))));
}

const users = (): Promise<void> =>
  into(at("users"), () => get<Page<User>>("/users"), (page) => {
    const head = ["Name", "Role", "State", "Made", ""].map((text) => h("th", { scope: "col" }, text || h("span", { class: "sr-only" }, "Action")));
    fill(at("users"), h("table", { class: "sheet", "aria-label": "Accounts" }, h("thead", null, h("tr", null, ...head)), h("tbody", null, ...page.items.map(userLine))));
  });

const keys = (): Promise<void> =>
  into(at("keys"), () => get<Page<Key>>("/keys"), (page) => {
    if (page.items.length === 0) return fill(at("keys"), empty("No keys", "A key lets a program score without a sign-in."));
    const rows = page.items.map((key) => h("tr", null, h("td", null, key.label), h("td", { class: "muted" }, `${key.hint}…`), h("td", null, key.scopes.join(", ")), h("td", { class: "muted" }, key.expires_at ? `until ${time(key.expires_at)}` : "no end"), h("td", null, h("button", { class: "button small", type: "button", onclick: () => void revoke(key) }, "Revoke"))));
    const head = ["For", "Key", "May", "Ends", ""].map((text) => h("th", { scope: "col" }, text || h("span", { class: "sr-only" }, "Action")));
    fill(at("keys"), h("table", { class: "sheet", "aria-label": "Keys" }, h("thead", null, h("tr", null, ...head)), h("tbody", null, ...rows)));
  });

async function revoke(key: Key): Promise<void> {
  if (!(await confirm(`Revoke ${key.label}?`, ["Programs that use this key are refused from now on."], "Revoke"))) return;
  await attempt(async () => {
    await send("DELETE", `/keys/${encodeURIComponent(key.id)}`);
    await keys();
  });
}

function onSubmit(id: string, work: (values: FormData) => Promise<void>): void {
  const form = document.getElementById(id);
  if (!(form instanceof HTMLFormElement)) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void attempt(async () => {
      await work(new FormData(form));
      form.reset();
    });
  });
}

start();
onSubmit("add-user", async (values) => {
  const name = String(values.get("name")).trim();
  const answer = await send<{ password: string | null }>("POST", "/users", { name, role: values.get("role") });
  if (answer.password) once(`Password of ${name}`, answer.password);
  await users();
});
onSubmit("add-key", async (values) => {
  const answer = await send<{ secret: string }>("POST", "/keys", { label: values.get("label"), scopes: values.getAll("scope") });
  once("The new key", answer.secret);
  await keys();
});
onSubmit("password", async (values) => {
  if (values.get("new") !== values.get("again")) throw new Error("the two new passwords differ");
  await send("POST", "/auth/password", { old: values.get("old"), new: values.get("new") });
  location.assign("/login");
});
if (document.getElementById("users")) void users();
void keys();
