// A browser with nothing in it, and what tests do with a page.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";

import { axeSource, chromium } from "./installed.mjs";
import { PROJECT } from "./stack.mjs";

const SCREENSHOTS = path.join(process.env.BROWSER_HOME, "screenshots");
// Nothing is asked of anybody outside of this machine.
const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

export class Browser {
  static async start() {
    const browser = new Browser();
    const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    await mkdir(SCREENSHOTS, { recursive: true });
    // With a profile of its own, new and empty.
    browser.chromium = await chromium.launch({ executablePath, headless: true, args: ARGUMENTS });
    return browser;
  }

  /** A new tab without anybody's storage. What goes wrong in it is kept in `errors`. */
  async open(address, options = {}) {
    const context = await this.chromium.newContext({ viewport: { width: 1100, height: 900 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.errors = [];
    page.on("pageerror", (error) => page.errors.push(error.message));
    page.on("console", (message) => {
      // Answers with an error status are told there as well; the page shows them, and tests expect them.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) page.errors.push(message.text());
    });
    page.on("dialog", (dialog) => { page.errors.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    await page.goto(address);
    return page;
  }

  async stop() {
    await this.chromium.close();
  }
}

export const sample = (file) => path.join(PROJECT, "samples/pictures", file);

/** A picture that nothing compresses: a BMP of random pixels. <https://learn.microsoft.com/windows/win32/gdi/bitmap-storage> */
export function noise(width, height) {
  const head = Buffer.alloc(54);
  const pixels = randomBytes(3 * width * height);
  head.write("BM");
  for (const [at, value] of [[2, 54 + pixels.length], [10, 54], [14, 40], [18, width], [22, height], [34, pixels.length]]) head.writeUInt32LE(value, at);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(24, 28);
  return Buffer.concat([head, pixels]);
}

/** Drops files onto the place for it: samples, under their names or others, or these bytes. */
export async function drop(page, files) {
  const described = await Promise.all(files.map(async ({ file, bytes, name = file, type = "image/jpeg" }) =>
    ({ name, type, base64: (bytes ?? await readFile(sample(file))).toString("base64") })));
  const transfer = await page.evaluateHandle((all) => {
    const transfer = new DataTransfer();
    for (const { name, type, base64 } of all) {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      transfer.items.add(new File([bytes], name, { type }));
    }
    return transfer;
  }, described);
  for (const event of ["dragenter", "dragover", "drop"]) await page.dispatchEvent("#drop", event, { dataTransfer: transfer });
}

/** The entry of a picture in the list. */
export const entry = (page, name) => page.locator(`#list > li[data-key=${JSON.stringify(name)}]`);

/** Waits until a picture is in this state. */
export async function state(page, name, text) {
  await entry(page, name).locator(".state", { hasText: new RegExp(`^${text}$`) }).waitFor();
}

/** Waits until all pictures inside have come. */
export async function shown(locator) {
  for (const image of await locator.locator("img").all()) {
    await image.scrollIntoViewIfNeeded();
    await image.evaluate((element) => new Promise((resolve, reject) => {
      const look = () => element.complete && element.naturalWidth > 0 && resolve();
      element.addEventListener("load", look);
      setTimeout(() => reject(new Error(`${element.alt} did not come`)), 20_000);
      look();
    }));
  }
}

/** What axe finds that stands in anybody's way, little or much. */
export async function findings(page) {
  // Not by a script element, which the page's policy forbids.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, impact, help, nodes }) =>
    `${impact} ${id}: ${help}: ${nodes.map(({ html }) => html).join(" ")}`);
}

export const screenshot = (page, name) => page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`), fullPage: true });

/** Nothing is wider than the window. */
export async function fits(page) {
  const [whole, window_] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(whole <= window_, `the page is ${whole} pixels wide in a window of ${window_}`);
}
