// Every page's main flow, login to logout, at the width of a desk and of a phone, against a running
// service (cargo xtask browser starts one). No console error, no request that leaves this machine,
// no serious finding of axe.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";

const { CHURN_URL: url, CHURN_USER: user, CHURN_LOGIN: password, CHURN_FILE: file, CHURN_BROWSER: executablePath } = process.env;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
});
after(() => browser?.close());

for (const [name, viewport] of Object.entries(WIDTHS)) {
  describe(`at ${viewport.width} pixels`, { concurrency: false }, () => {
    let page;
    let context;
    const faults = [];

    before(async () => {
      context = await browser.newContext({ viewport, locale: "en-US", bypassCSP: false });
      page = await context.newPage();
      page.setDefaultTimeout(15_000);
      page.on("console", (message) => message.type() === "error" && faults.push(`${page.url()}: ${message.text()}`));
      page.on("pageerror", (fault) => faults.push(`${page.url()}: ${fault.message}`));
      page.on("request", (request) => request.url().startsWith(url) || request.url().startsWith("data:") || faults.push(`leaves the machine: ${request.url()}`));
    });
    after(() => context?.close());

    async function open(path) {
      await page.goto(url + path);
      await page.waitForLoadState("networkidle");
    }

    async function sound() {
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${page.url()} is ${overflow} pixels too wide`);
      // The page's policy stops scripts of others, axe among them; the tool's own way round it.
      await page.evaluate(axe);
      const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      const serious = found.violations.filter((item) => ["serious", "critical"].includes(item.impact));
      assert.deepEqual(serious.map((item) => `${item.id}: ${item.nodes.map((node) => node.target.join(" ")).join(", ")}`), []);
      assert.deepEqual(faults.splice(0), []);
    }

    test("a stranger is led to the sign-in and back", async () => {
      await open("/customers?risk=HIGH");
      assert.match(page.url(), /\/login\?next=/);
      await sound();
      await page.fill("#name", user);
      await page.fill("#password", "not the password");
      await page.click("#sign-in button");
      await page.waitForSelector("#problem:not([hidden])");
      faults.splice(0); // The browser reports the refusal, which is what was asked for.
      await page.fill("#password", password);
      await page.click("#sign-in button");
      await page.waitForURL(/\/customers\?risk=HIGH/);
    });

    test("a file is scored and everybody in it is listed", async () => {
      await open("/predictions");
      await page.setInputFiles("#file-input", file);
      await page.waitForSelector("#progress a[href='/customers']");
      await sound();
      await page.click("#progress a[href='/customers']");
      await page.waitForSelector("#table tbody tr");
      assert.equal(await page.locator("#table tbody tr").count(), 40);
      await sound();
    });

    test("filters, search, order and the address agree", async () => {
      await open("/customers");
      const first = page.locator("#table tbody tr").first();
      const key = await first.locator("td").first().innerText();
      if (name === "desktop") {
        await page.click("th:nth-child(2) button");
        await page.waitForURL(/sort=least_likely/);
        await page.waitForFunction((before) => document.querySelector("#table tbody td").innerText !== before, key);
      }
      await page.fill("#search", key);
      await page.waitForFunction(() => document.querySelectorAll("#table tbody tr").length === 1);
      await page.fill("#search", "nobody has this key");
      await page.waitForSelector(".state.no-match");
      await page.click(".state.no-match button");
      await page.waitForFunction(() => document.querySelectorAll("#table tbody tr").length === 40);
    });

    test("a customer opens by keyboard and tells why", async () => {
      await open("/customers");
      await page.locator("#table tbody tr").first().focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.waitForSelector("dialog.panel .flow-row");
      await sound();
      await page.keyboard.press("Escape");
      await page.waitForSelector("dialog.panel", { state: "detached" });
      const focused = await page.evaluate(() => document.activeElement?.tagName);
      assert.equal(focused, "TR", "focus goes back to the row");
    });

    test("what-if answers at once, as the service does", async () => {
      await open("/predictions");
      await page.waitForSelector("#f-Contract");
      await page.selectOption("#f-Contract", "Month-to-month");
      await page.fill("#f-tenure", "2");
      await page.waitForFunction(() => document.querySelectorAll("#result .flow-row").length > 0);
      const shown = await page.locator("#result .text-4xl").innerText();
      const cookies = await context.cookies();
      const csrf = await page.getAttribute("meta[name=csrf-token]", "content");
      const answer = await context.request.post(`${url}/api/v1/predict`, { headers: { cookie: cookies.map((it) => `${it.name}=${it.value}`).join("; "), "x-csrf-token": csrf }, data: { Contract: "Month-to-month", tenure: 2 } });
      const { churn_probability } = await answer.json();
      assert.equal(shown, new Intl.NumberFormat("en-US", { style: "percent", minimumFractionDigits: 1 }).format(churn_probability));
      await sound();
    });

    test("the dashboard adds up", async () => {
      await open("/dashboard");
      await page.waitForSelector("#tiles .figure");
      assert.equal(await page.locator("#tiles .figure").first().innerText(), "40");
      await page.waitForSelector("#gain canvas");
      await sound();
    });

    test("explanations of everybody and of a segment", async () => {
      await open("/explanations");
      await page.waitForSelector("#importance .flow-row");
      await page.waitForSelector("#interactions canvas");
      await page.locator("#importance .flow-row").nth(1).click();
      await page.waitForURL(/column=/);
      await page.fill("#rule", 'Contract == "Month-to-month"');
      await page.click("#segment button[type=submit]");
      await page.waitForFunction(() => document.querySelector("#about").textContent.includes("outside"));
      await sound();
      await page.fill("#rule", "NoSuchColumn == 1");
      await page.click("#segment button[type=submit]");
      await page.waitForSelector("#importance .state.fault");
      faults.splice(0);
    });

    test("models are compared and their cards read", async () => {
      await open("/models");
      await page.waitForSelector("#models tbody tr");
      await page.locator("#models tbody tr button").first().click();
      await page.waitForSelector("dialog.panel h3");
      await sound();
      await page.keyboard.press("Escape");
      await page.waitForSelector("#serving input[type=range]");
    });

    test("monitoring shows the job that was done", async () => {
      await open("/monitoring");
      await page.waitForSelector("#jobs tbody tr");
      assert.match(await page.locator("#jobs tbody tr").first().innerText(), /done/);
      await sound();
    });

    test("an account and a key are made and taken away", async () => {
      await open("/settings");
      await page.fill("#add-user input[name=name]", `guest-${name}`);
      await page.click("#add-user button");
      await page.waitForSelector("dialog.modal input[readonly]");
      await page.click("dialog.modal .primary");
      await page.waitForFunction((guest) => document.querySelector("#users").innerText.includes(guest), `guest-${name}`);
      await page.fill("#add-key input[name=label]", `for ${name}`);
      await page.click("#add-key button");
      await page.waitForSelector("dialog.modal input[readonly]");
      await page.click("dialog.modal .primary");
      await page.waitForFunction((label) => document.querySelector("#keys").innerText.includes(label), `for ${name}`);
      await sound();
    });

    test("who signs out is out", async () => {
      await open("/dashboard");
      await page.click("#sign-out", { force: true });
      await page.waitForURL(/\/login/);
      await open("/dashboard");
      assert.match(page.url(), /\/login\?next=%2Fdashboard/);
    });
  });
}
