// Signing in, and changing a password somebody else has given.

import { read } from "../lib/address";
import { Fault, send } from "../lib/api";
import { at } from "../lib/dom";

interface Session {
  csrf_token: string;
  user: { name: string; must_change_password: boolean };
}

const form = at<HTMLFormElement>("sign-in");
const change = at<HTMLFormElement>("change");
const problem = at("problem");
let given: { name: string; password: string } | null = null;

function say(fault: unknown): void {
  problem.textContent = fault instanceof Fault ? `${fault.message}${fault.hint ? `: ${fault.hint}` : ""}` : String(fault);
  problem.hidden = false;
}

/** Only places of our own: a sign-in never leads away. */
function onward(): void {
  const next = read("next") ?? "";
  const own = next.startsWith("/") && !next.startsWith("//") && !next.startsWith("/\\");
  location.assign(own ? next : "/dashboard");
}

async function signIn(name: string, password: string): Promise<void> {
  const session = await send<Session>("POST", "/auth/session", { name, password });
  const meta = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]');
  if (meta) meta.content = session.csrf_token;
  if (!session.user.must_change_password) return onward();
  given = { name, password };
  form.hidden = true;
  change.hidden = false;
  change.querySelector("input")?.focus();
}

function submit(target: HTMLFormElement, work: (values: FormData) => Promise<void>): void {
  target.addEventListener("submit", (event) => {
    event.preventDefault();
    problem.hidden = true;
    const button = target.querySelector("button");
    if (button) button.disabled = true;
    work(new FormData(target))
      .catch(say)
      .finally(() => button && (button.disabled = false));
  });
}

submit(form, (values) => signIn(String(values.get("name")).trim(), String(values.get("password"))));

submit(change, async (values) => {
  const next = String(values.get("new"));
  if (next !== String(values.get("again"))) throw new Error("the two new passwords differ");
  if (!given) return;
  await send("POST", "/auth/password", { old: given.password, new: next });
  await signIn(given.name, next);
});
