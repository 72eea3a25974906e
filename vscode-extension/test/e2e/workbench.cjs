// workbench.cjs URL FILE: what a person sees and does in the editor, step by step; the first thing that is
// not as it should be ends it with a picture.
const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { chromium } = require("playwright-core");

const [url, file] = process.argv.slice(2);
const pictures = process.env.PICTURES;
const PATIENCE = 60_000;

async function connect(page) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    try {
      return await page.goto(url, { waitUntil: "domcontentloaded" });
    } catch (error) {
      if (Date.now() > end) throw error;
      await page.waitForTimeout(250);
    }
  }
}

async function command(page, title) {
  await page.keyboard.press("F1");
  await page.locator(".quick-input-widget input").first().fill(`>${title}`);
  await page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first().click();
}

async function goTo(page, line, column) {
  await page.keyboard.press("Control+g");
  await page.locator(".quick-input-widget input").first().fill(`:${line}:${column}`);
  await page.keyboard.press("Enter");
  await page.locator(".statusbar", { hasText: `Ln ${line}, Col ${column}` }).waitFor({ timeout: PATIENCE });
}

async function text(page) {
  await page.keyboard.press("Control+s");
  await page.waitForTimeout(500);
  return fs.readFileSync(file, "utf8");
}

async function until(page, what, wanted) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const value = await wanted();
    if (value) return value;
    assert.ok(Date.now() < end, `not seen in time: ${what}`);
    await page.waitForTimeout(250);
  }
}

const steps = {
  async "a misspelt key is underlined"(page) {
    await page.locator(".explorer-folders-view .monaco-list-row", { hasText: "demo.fleet" }).dblclick();
    await page.locator(".editor-instance .view-line").first().waitFor({ timeout: PATIENCE });
    await page.locator(".squiggly-error").first().waitFor({ timeout: PATIENCE });
  },
  async "the lamp mends it"(page) {
    await goTo(page, 10, 6);
    const row = page.locator(".action-widget .monaco-list-row.focused", { hasText: "timeout" });
    await until(page, "the lamp's menu", async () => {
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+.");
      return row.waitFor({ timeout: 5_000 }).then(() => true, () => false);
    });
    await page.keyboard.press("Enter");
    await page.locator(".squiggly-error").first().waitFor({ state: "detached", timeout: PATIENCE });
    assert.match(await text(page), /timeout {1,2}= 5min/);
  },
  async "hover tells what a name is"(page) {
    await goTo(page, 14, 52);
    await command(page, "Show or Focus Hover");
    const hover = page.locator(".monaco-hover:visible", { hasText: "Mends one note." });
    await hover.first().waitFor({ timeout: PATIENCE });
  },
  async "completion knows the keys of an agent"(page) {
    await page.keyboard.press("Escape");
    await goTo(page, 10, 19);
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await page.keyboard.type("kee");
    await page.keyboard.press("Control+Space");
    const row = page.locator(".suggest-widget .monaco-list-row", { hasText: "keep" });
    await row.first().waitFor({ timeout: PATIENCE });
  },
  async "rename changes each use"(page) {
    await page.keyboard.press("Escape");
    for (let i = 0; i < 3; i++) await page.keyboard.press("Backspace");
    await page.keyboard.press("Control+Shift+K");
    await until(page, "the text without the line", async () => !(await text(page)).includes("kee"));
    await goTo(page, 6, 10);
    await page.keyboard.press("F2");
    const box = page.locator(".rename-box input");
    await box.waitFor({ timeout: PATIENCE });
    await box.fill("mender");
    await page.keyboard.press("Enter");
    await until(page, "the new name at its use", async () => /to mender width/.test(await text(page)));
    assert.doesNotMatch(await text(page), /fixer/);
  },
  async "the graph shows the steps, and a click goes to the source"(page) {
    await command(page, "fleetc: Show Graph Beside");
    const graph = page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
    const gather = graph.locator("[data-line]", { hasText: "gather" }).first();
    await gather.waitFor({ timeout: PATIENCE });
    await page.screenshot({ path: path.join(pictures, "graph.png") });
    await gather.click();
    await page.locator(".statusbar", { hasText: "Ln 15" }).waitFor({ timeout: PATIENCE });
  },
  async "the graph follows the text before it is saved"(page) {
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await page.keyboard.type('late = run("true") after gather.merged');
    const graph = page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
    await graph.locator("[data-line]", { hasText: "late" }).first().waitFor({ timeout: PATIENCE });
  },
  async "the version can be asked for"(page) {
    await command(page, "fleetc: Show Version");
    await page.locator(".notifications-toasts", { hasText: /fleetc \d+\.\d+/ }).waitFor({ timeout: PATIENCE });
  },
  async "the server can be restarted"(page) {
    await command(page, "fleetc: Restart Language Server");
    await page.keyboard.press("Control+End");
    await page.keyboard.type("nonsense");
    await page.locator(".squiggly-error").first().waitFor({ timeout: PATIENCE });
  },
};

async function main() {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "fleetc-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium", headless: true, viewport: { width: 1400, height: 900 },
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
  const page = context.pages()[0] ?? (await context.newPage());
  let failed = 0;
  try {
    await connect(page);
    await page.locator(".explorer-folders-view .monaco-list-row").first().waitFor({ timeout: PATIENCE });
    for (const [name, step] of Object.entries(steps)) {
      const slug = name.replace(/[^a-z]+/gi, "-");
      try {
        await step(page);
        console.log(`ok    ${name}`);
      } catch (error) {
        failed = 1;
        console.log(`FAIL  ${name}\n${error.stack ?? error}`);
      }
      await page.screenshot({ path: path.join(pictures, `${slug}.png`) });
      if (failed) break;
    }
  } finally {
    await context.close();
    fs.rmSync(profile, { recursive: true, force: true });
  }
  console.log(`${Object.keys(steps).length} steps, ${failed ? "failed" : "all passed"}`);
  process.exitCode = failed;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
