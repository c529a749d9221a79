// The page in a real browser, before the real stack.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { Browser, drop, entry, findings, fits, noise, sample, screenshot, shown, state } from "./browser.mjs";
import { Stack } from "./stack.mjs";

let browser;
let stack;

before(async () => {
  [browser, stack] = await Promise.all([Browser.start(), Stack.start()]);
});

after(async () => {
  await browser?.stop();
  await stack?.stop();
});

/** A test with a tab, in which nothing may go wrong besides. */
function inPage(name, run, options = {}) {
  test(name, async () => {
    const page = await browser.open(options.address?.() ?? stack.page, options.context);
    try {
      await run(page);
      assert.deepEqual(page.errors, []);
    } catch (error) {
      await screenshot(page, `failed-${name.replaceAll(/\W+/g, "-")}`);
      throw error;
    } finally {
      await page.context().close();
    }
  });
}

inPage("a picture that is dropped is made, and shows its thumbnails with sizes and bytes", async (page) => {
  assert.equal(new URL(page.url()).hash, "", "the key does not stay in the address");
  await page.locator("#nothing").waitFor();
  await drop(page, [{ file: "photo.jpg" }]);
  await state(page, "photo.jpg", "made");
  const thumbnails = entry(page, "photo.jpg").locator(".thumbnails");
  await shown(thumbnails);
  const facts = await thumbnails.locator(".facts").allTextContents();
  assert.equal(facts.length, 3);
  for (const fact of facts) assert.match(fact, /^(small|medium|large): \d+ × \d+, [\d.]+ (bytes|kB|MB)$/);
  await page.locator("#uploads .state", { hasText: "made" }).waitFor();
  assert.match(await page.locator("#said").textContent(), /photo\.jpg: made/);
  await screenshot(page, "made");
});

inPage("what can't become thumbnails is rejected with its reason, or not taken at all", async (page) => {
  await drop(page, [{ file: "truncated.jpg" }, { file: "icon.svg", type: "image/svg+xml" }]);
  await state(page, "truncated.jpg", "rejected");
  assert.match(await entry(page, "truncated.jpg").textContent(), /truncated/);
  const refused = page.locator("#uploads li", { hasText: "icon.svg" });
  await refused.locator(".state", { hasText: "not uploaded" }).waitFor();
  assert.match(await refused.textContent(), /content_type/);
  await page.reload();
  await state(page, "truncated.jpg", "rejected");
  await screenshot(page, "rejected");
});

inPage("a key is text, whatever is in it", async (page) => {
  const names = ["<img src=x onerror=alert(1)>.jpg", "\"'&amp;${1}?w=1#x%2F%.jpg", "a b+c ünï 日本.jpg"];
  await page.fill("#folder", "host/..ile/");
  await drop(page, names.map((name) => ({ file: "dot.png", name, type: "image/png" })));
  for (const name of names) {
    const key = `host/..ile/${name}`;
    await state(page, key, "made");
    await shown(entry(page, key).locator(".thumbnails"));
    assert.equal(await entry(page, key).locator(".name").textContent(), key);
  }
  assert.equal(await page.locator("#list .name img").count(), 0);
  await page.fill("#prefix", "host/..ile/<");
  await page.click("#list-form button");
  await page.waitForFunction(() => document.querySelectorAll("#list > li").length === 1);
});

inPage("a picture can be seen at any size, with its bytes and its URL", async (page) => {
  await entry(page, "photo.jpg").getByRole("button", { name: "Preview" }).click();
  const facts = page.locator("#preview-facts");
  await facts.filter({ hasText: /^480 × \d+, .*image\/(avif|webp|jpeg), in \d+ ms$/ }).waitFor();
  await page.fill("#width", "123");
  await page.selectOption("#format", "jpeg");
  await facts.filter({ hasText: /^123 × \d+, .*image\/jpeg/ }).waitFor();
  await page.fill("#height", "60");
  await page.selectOption("#fit", "cover");
  await page.fill("#quality", "30");
  await facts.filter({ hasText: /^123 × 60, .*image\/jpeg/ }).waitFor();
  const url = await page.inputValue("#preview-url");
  assert.equal(url, `${stack.endpoints.api}/thumbnails/photo.jpg?w=123&h=60&fit=cover&q=30&format=jpeg`);
  const answer = await fetch(url);
  const bytes = (await answer.arrayBuffer()).byteLength;
  assert.equal(answer.headers.get("content-type"), "image/jpeg");
  const told = (await facts.textContent()).match(/, ([\d.]+) (bytes|kB)/);
  const near = Number(told[1]) * (told[2] === "kB" ? 1000 : 1);
  assert.ok(Math.abs(near - bytes) <= 5, `${told[0]} is told of ${bytes} bytes`);
  await screenshot(page, "preview");
});

inPage("an srcset can be copied, and every URL in it works", async (page) => {
  await entry(page, "photo.jpg").getByRole("button", { name: "Copy srcset" }).click();
  const field = entry(page, "photo.jpg").locator("input");
  await field.waitFor();
  const candidates = (await field.inputValue()).split(", ").map((candidate) => candidate.split(" "));
  assert.ok(candidates.length >= 1);
  for (const [url, width] of candidates) {
    assert.match(width, /^\d+w$/);
    assert.equal((await fetch(url)).status, 200, url);
  }
});

inPage("a thumbnail that is too large for an answer is previewed from the bucket", async (page) => {
  await drop(page, [{ name: "noise.bmp", type: "image/bmp", bytes: noise(1400, 1200) }]);
  await state(page, "noise.bmp", "made");
  await entry(page, "noise.bmp").getByRole("button", { name: "Preview" }).click();
  await page.selectOption("#format", "png");
  await page.fill("#width", "1400");
  await page.locator("#preview-facts").filter({ hasText: /^1400 × 1200, 5\.\d+ MB, image\/png/ }).waitFor();
  const sent = await fetch(await page.inputValue("#preview-url"), { redirect: "manual" });
  assert.equal(sent.status, 302);
});

inPage("the documentation shows what the API's description says", async (page) => {
  await page.locator("summary", { hasText: "/thumbnails/{key}" }).first().click();
  await page.locator("details[open] td", { hasText: /^w$/ }).waitFor();
  await fits(page);
  await screenshot(page, "docs");
  assert.deepEqual(await findings(page), []);
}, { address: () => `${stack.endpoints.api}/docs` });

inPage("everything can be done with the keyboard alone", async (page) => {
  const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.id);
  const tabTo = async (wanted) => {
    for (let presses = 0; presses < 80; presses++) {
      await page.keyboard.press("Tab");
      if (await focused() === wanted) return;
    }
    assert.fail(`${wanted} is not reached`);
  };
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await focused(), "pictures", "the first stop skips what is above the pictures");
  await page.reload();
  await tabTo("files");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outline, "none", "where one is can be seen");
  const chooser = page.waitForEvent("filechooser");
  await page.keyboard.press("Space");
  await (await chooser).setFiles({ name: "keyboard.png", mimeType: "image/png", buffer: await readFile(sample("alpha.png")) });
  await state(page, "keyboard.png", "made");
  await tabTo("Preview keyboard.png");
  await page.keyboard.press("Enter");
  await page.locator("#preview-facts").filter({ hasText: /^480 × / }).waitFor();
  assert.equal(await focused(), "preview");
  await tabTo("width");
  await page.keyboard.press("Home");
  await page.locator("#preview-facts").filter({ hasText: /^16 × / }).waitFor();
  await page.reload();
  await tabTo("Delete keyboard.png");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await entry(page, "keyboard.png").waitFor({ state: "detached" });
  assert.notEqual(await focused(), "", "the focus is not lost with what was deleted");
});

inPage("without the key nothing is listed, and with a wrong one it is said why", async (page) => {
  assert.match(await page.locator("#said").textContent(), /API key/);
  assert.equal(await page.locator("#list > li").count(), 0);
  await page.keyboard.type("wrong");
  await page.keyboard.press("Enter");
  await page.locator("#failed", { hasText: "an API key is needed" }).waitFor();
  await page.fill("#key", stack.endpoints.api_key);
  await page.keyboard.press("Enter");
  await entry(page, "photo.jpg").waitFor();
  await page.locator("#failed").waitFor({ state: "hidden" });
}, { address: () => `${stack.endpoints.api}/` });

for (const [name, context] of [
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["360-pixels", { colorScheme: "light", viewport: { width: 360, height: 740 } }],
  ["360-pixels-dark", { colorScheme: "dark", viewport: { width: 360, height: 740 } }],
]) {
  inPage(`nothing stands between anybody and the page: ${name}`, async (page) => {
    await entry(page, "photo.jpg").getByRole("button", { name: "Preview" }).click();
    await page.locator("#preview-facts").filter({ hasText: /^480 × / }).waitFor();
    await drop(page, [{ file: "truncated.jpg" }]);
    await state(page, "truncated.jpg", "rejected");
    await shown(page.locator("#list"));
    await fits(page);
    await page.evaluate(() => scrollTo(0, 0));
    await screenshot(page, name);
    assert.deepEqual(await findings(page), []);
  }, { context });
}

test("failures are listed, and redriven when what failed is mended", async () => {
  const broken = await Stack.start();
  const page = await browser.open(broken.page);
  try {
    await page.locator("#failures-count", { hasText: "There are none." }).waitFor();
    await broken.s3("DELETE", broken.endpoints.output_bucket);
    await drop(page, [{ file: "photo.jpg" }]);
    await page.locator("#uploads li").waitFor();
    await page.waitForFunction(() => {
      document.getElementById("failures-look").click();
      return document.querySelector("#failures-list li");
    }, undefined, { polling: 300 });
    assert.match(await page.locator("#failures-list").textContent(), /photo\.jpg.*no_such_bucket/);
    await screenshot(page, "failures");
    await broken.s3("PUT", broken.endpoints.output_bucket);
    await page.reload();
    await page.locator("#failures-count", { hasText: "There is one." }).waitFor();
    await page.locator("#redrive:enabled").click();
    await page.locator("#failures-count", { hasText: "There are none." }).waitFor();
    await state(page, "photo.jpg", "made");
    await shown(entry(page, "photo.jpg").locator(".thumbnails"));
    assert.deepEqual(page.errors, []);
  } catch (error) {
    await screenshot(page, "failed-redrive");
    throw error;
  } finally {
    await page.context().close();
    await broken.stop();
  }
});

test("where reading takes a signature, the page tells what became of an upload all the same", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "thumbline-keys-"));
  await writeFile(path.join(folder, "keys"), `a:${Buffer.alloc(32, 7).toString("base64")}\n`);
  const signed = await Stack.start("ApiReading=signed", `ApiSigningSecret=file:${folder}/keys`);
  const page = await browser.open(signed.page);
  try {
    await drop(page, [{ file: "photo.jpg" }, { file: "truncated.jpg" }]);
    await state(page, "photo.jpg", "made");
    await state(page, "truncated.jpg", "rejected");
    await entry(page, "photo.jpg").locator("text=a signature is needed").first().waitFor();
    assert.deepEqual(page.errors, []);
  } finally {
    await page.context().close();
    await signed.stop();
    await rm(folder, { recursive: true });
  }
});

test("where reading takes a key, the page shows thumbnails all the same", async () => {
  const closed = await Stack.start("ApiReading=key");
  const page = await browser.open(closed.page);
  try {
    await drop(page, [{ file: "photo.jpg" }]);
    await state(page, "photo.jpg", "made");
    await shown(entry(page, "photo.jpg").locator(".thumbnails"));
    const address = `${closed.endpoints.api}/thumbnails/photo.jpg?preset=small`;
    assert.equal((await fetch(address)).status, 403);
    assert.equal((await fetch(address.replace("/thumbnails/", "/thumbnails%2F"))).status, 403, "nor by another way");
    assert.deepEqual(page.errors, []);
  } finally {
    await page.context().close();
    await closed.stop();
  }
});
