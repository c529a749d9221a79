// The page of Thumbline's API: upload, see what became of it, try sizes, redrive failures.
//
// Whatever comes from outside (keys above all, which are anybody's text) goes into the page as text and never as markup.

import { ApiError, BASE, getJson, key, keyPath, pause, postJson, send } from "./calls.js";

const $ = (id) => document.getElementById(id);

// ---------------------------------------------------------------- pieces of the page

/** An element with attributes, event handlers (functions) and children (elements or text). */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(attribute, value);
    else if (value === true) element.setAttribute(attribute, "");
    else if (value !== false && value != null) element.setAttribute(attribute, value);
  }
  element.append(...children);
  return element;
}

/** Says something to everybody, also to who can't see it. */
function say(text) {
  $("said").textContent = text;
}

function fail(error) {
  $("failed").textContent = error ? `That did not work: ${error.message}` : "";
  $("failed").hidden = !error;
}

/** Runs what an event asks for, and shows what goes wrong. */
const doing = (task) => async (event) => {
  event?.preventDefault?.();
  fail(null);
  try {
    await task(event);
  } catch (error) {
    fail(error);
  }
};

function bytes(count) {
  if (count < 1000) return `${count} bytes`;
  const unit = count < 1e6 ? ["kB", 1e3] : ["MB", 1e6];
  return `${(count / unit[1]).toFixed(count < unit[1] * 10 ? 2 : 1)} ${unit[0]}`;
}

async function copy(field, what) {
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // Without leave to use the clipboard, or without TLS: the reader presses the keys.
    field.focus();
    field.select();
    say(`${what} is selected: copy it with Ctrl+C`);
    return;
  }
  say(`${what} is copied`);
}

/** Shows a thumbnail. Where reading takes an API key, it is fetched with it, since a browser sends none for pictures. */
function showThumbnail(image, path) {
  image.addEventListener("error", async () => {
    try {
      image.src = URL.createObjectURL(await (await send(path)).blob());
    } catch (error) {
      image.replaceWith(make("p", { class: "facts" }, `not shown: ${error.message}`));
    }
  }, { once: true });
  image.src = new URL(path, BASE);
}

const STATES = {
  ready: "made",
  rejected: "rejected",
  waiting: "waiting",
  stale: "waiting for the new version",
  missing: "gone",
  sending: "uploading",
  failed: "not uploaded",
};

function stateBadge(state) {
  return make("span", { class: `state ${state in STATES ? state : "failed"}` }, STATES[state] ?? state);
}

// ---------------------------------------------------------------- the list of pictures

const pictures = new Map();
let cursor = null;
let lists = 0;

async function list(more) {
  const turn = ++lists;
  const query = new URLSearchParams({ limit: "20" });
  if ($("prefix").value) query.set("prefix", $("prefix").value);
  if (more && cursor) query.set("cursor", cursor);
  const answer = await getJson(`images?${query}`);
  if (turn !== lists) return;
  // An upload that is under way knows more than the answer.
  const items = answer.images.map((image) => {
    const known = pictures.get(image.key);
    return known?.following ? known : new Picture(image.key).draw(image);
  });
  if (!more) {
    const newer = [...pictures.values()].filter((picture) =>
      picture.following && !items.includes(picture) && picture.name.startsWith($("prefix").value));
    $("list").replaceChildren(...newer.map((picture) => picture.item));
  }
  $("list").append(...items.map((picture) => picture.item));
  cursor = answer.cursor;
  $("more").hidden = !cursor;
  $("nothing").hidden = $("list").childElementCount > 0;
  if (more) items[0]?.item.querySelector("button")?.focus();
  say(`${$("list").childElementCount} pictures are shown${cursor ? ", and there are more" : ""}`);
  for (const picture of items.filter((picture) => picture.isWaiting)) picture.follow();
}

class Picture {
  constructor(name) {
    this.name = name;
    this.item = make("li", { "data-key": name });
    pictures.set(name, this);
  }

  /** Draws what the API says of it: an entry of /images, or a manifest. */
  draw(known) {
    this.status = known.status;
    const size = known.bytes ?? known.source?.bytes;
    const head = make("div", { class: "picture-head" },
      make("span", { class: "name" }, this.name), stateBadge(known.status),
      size ? make("span", { class: "facts" }, bytes(size)) : "");
    const reason = known.reason?.code ?? known.reason;
    const why = known.status === "rejected"
      ? make("p", {}, `${known.message ?? ""} (${reason ?? "no reason"})`) : "";
    const thumbnails = known.status === "ready" ? this.thumbnails(known.thumbnails) : "";
    // What is being used stays where it is: somebody may be about to press it.
    this.actions ??= this.buttons();
    this.actions.firstChild.disabled = known.status !== "ready";
    this.srcsetButton.hidden = known.status !== "ready";
    this.item.replaceChildren(head, why, thumbnails, this.actions);
    return this;
  }

  thumbnails(all) {
    const shown = all.map((thumbnail) => {
      const image = make("img", { alt: `${thumbnail.preset} of ${this.name}`, loading: "lazy",
        width: thumbnail.width, height: thumbnail.height });
      showThumbnail(image, `thumbnails/${keyPath(this.name)}?preset=${encodeURIComponent(thumbnail.preset)}`);
      const facts = `${thumbnail.preset}: ${thumbnail.width} × ${thumbnail.height}, ${bytes(thumbnail.bytes)}`;
      return make("li", {}, image, make("p", { class: "facts" }, facts));
    });
    return make("ul", { class: "thumbnails", "aria-label": `Thumbnails of ${this.name}` }, ...shown);
  }

  buttons() {
    const named = (label) => ({ type: "button", "aria-label": `${label} ${this.name}` });
    this.srcsetField = make("input", { readonly: true, class: "grow", hidden: true, "aria-label": `srcset of ${this.name}` });
    this.srcsetButton = make("button", { ...named("Copy srcset of"), click: doing(() => this.copySrcset()) }, "Copy srcset");
    return make("div", { class: "row" },
      make("button", { ...named("Preview"), click: doing(() => preview(this.name)) }, "Preview"),
      this.srcsetButton,
      make("button", { ...named("Delete"), class: "grave", click: doing((event) => this.remove(event.currentTarget)) }, "Delete"),
      this.srcsetField);
  }

  async copySrcset() {
    const manifest = await getJson(`manifests/${keyPath(this.name)}`);
    this.srcsetField.value = manifest.srcset;
    this.srcsetField.hidden = false;
    await copy(this.srcsetField, `The srcset of ${this.name}`);
  }

  async remove(button) {
    const label = (text) => {
      button.textContent = text;
      button.setAttribute("aria-label", `${text} ${this.name}`);
    };
    if (button.textContent === "Delete") {
      label("Really delete?");
      say(`Press again to delete ${this.name}`);
      button.addEventListener("blur", () => label("Delete"), { once: true });
      return;
    }
    await send(`images/${keyPath(this.name)}`, { method: "DELETE" });
    const next = (this.item.nextElementSibling ?? this.item.previousElementSibling)?.querySelector("button:not(:disabled)");
    pictures.delete(this.name);
    this.item.remove();
    $("nothing").hidden = $("list").childElementCount > 0;
    (next ?? $("pictures")).focus();
    say(`${this.name} is deleted`);
  }

  get isWaiting() {
    return this.status === "waiting" || this.status === "stale";
  }

  /** What the API says of it now: its manifest, or its entry in the list where manifests take a signature. */
  async ask() {
    try {
      return await getJson(`manifests/${keyPath(this.name)}`);
    } catch (error) {
      // What S3 or the way to it does not bear now, it may bear later.
      if (error.status === 0 || error.status >= 500) return { status: this.status };
      if (error.status !== 403 && error.status !== 404) throw error;
      const query = new URLSearchParams({ prefix: this.name, limit: "1" });
      const { images: [first] } = await getJson(`images?${query}`);
      return first?.key === this.name ? first : { status: "missing", thumbnails: [] };
    }
  }

  /** Asks again and again, ever more slowly, until it is made or rejected. */
  async follow(told = () => {}) {
    if (this.following) return;
    this.following = true;
    try {
      for (let wait = 200; pictures.get(this.name) === this; wait = Math.min(wait * 1.5, 10_000)) {
        const known = await this.ask();
        if (known.status !== this.status) this.draw(known);
        if (!this.isWaiting) {
          say(`${this.name}: ${STATES[this.status]}`);
          told(this.status);
          return;
        }
        await pause(wait);
      }
    } catch (error) {
      fail(error);
    } finally {
      this.following = false;
    }
  }
}

// ---------------------------------------------------------------- uploads

/** Sends a file to where the API has said, and tells how far it is. */
function deliver(upload, file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(upload.method, upload.url);
    for (const [name, value] of Object.entries(upload.headers ?? {})) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => progress(event.loaded / (event.total || 1)));
    request.addEventListener("load", () => {
      if (request.status < 300) resolve();
      else reject(new ApiError(request.status, { detail: `S3 answered ${request.status}` }));
    });
    request.addEventListener("error", () => reject(new ApiError(0, { detail: "S3 can't be reached, or its CORS rules do not let this page in" })));
    let body = file;
    if (upload.fields) {
      body = new FormData();
      for (const [name, value] of Object.entries(upload.fields)) body.append(name, value);
      body.append("file", file);
    }
    request.send(body);
  });
}

async function upload(file) {
  const folder = $("folder").value.replace(/^\/+|\/+$/g, "");
  const name = folder ? `${folder}/${file.name}` : file.name;
  const bar = make("progress", { max: 1, value: 0, "aria-label": `Upload of ${name}` });
  const line = make("li", {}, make("span", { class: "name" }, name), stateBadge("sending"), bar);
  const become = (state, text = "") => line.replaceChildren(make("span", { class: "name" }, name), stateBadge(state), text);
  $("uploads").prepend(line);
  try {
    const type = file.type || "application/octet-stream";
    const announced = await postJson("images", { key: name, content_type: type, bytes: file.size });
    await deliver(announced.upload, file, (share) => { bar.value = share; });
  } catch (error) {
    become("failed", make("span", {}, error.message));
    say(`${name} was not uploaded: ${error.message}`);
    return;
  }
  become("waiting");
  const before = pictures.get(name);
  const picture = new Picture(name).draw({ status: "waiting", bytes: file.size, thumbnails: [] });
  if (before) before.item.replaceWith(picture.item);
  else $("list").prepend(picture.item);
  $("nothing").hidden = true;
  await picture.follow((state) => become(state));
}

const uploadAll = (files) => Promise.all([...files].map(upload));

function wireUploads() {
  const drop = $("drop");
  // Anywhere else a dropped file would replace the page.
  for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, () => drop.classList.add("over"));
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", doing((event) => uploadAll(event.dataTransfer.files)));
  $("files").addEventListener("change", doing(async () => {
    const files = [...$("files").files];
    $("files").value = "";
    await uploadAll(files);
  }));
}

// ---------------------------------------------------------------- preview

let previewed = null;
let shownUrl = null;

function previewPath() {
  const query = new URLSearchParams({ w: $("width").value });
  if ($("height").value !== "0") query.set("h", $("height").value);
  if ($("height").value !== "0" && $("fit").value !== "inside") query.set("fit", $("fit").value);
  query.set("q", $("quality").value);
  query.set("format", $("format").value);
  return `thumbnails/${keyPath(previewed)}?${query}`;
}

async function preview(name) {
  previewed = name;
  $("preview-key").textContent = name;
  $("preview-none").hidden = true;
  $("preview-of").hidden = false;
  $("preview").focus();
  $("preview").scrollIntoView();
  await redraw();
}

let redraws = 0;

async function redraw() {
  for (const name of ["width", "quality"]) $(`${name}-value`).textContent = $(name).value;
  $("height-value").textContent = $("height").value === "0" ? "auto" : $("height").value;
  $("fit").disabled = $("height").value === "0";
  const path = previewPath();
  $("preview-url").value = new URL(path, BASE);
  const turn = ++redraws;
  // Sliders move through many values; the one that they rest at is asked for.
  await pause(150);
  if (turn !== redraws) return;
  const before = performance.now();
  try {
    const answer = await send(path);
    const picture = await answer.blob();
    const ms = Math.round(performance.now() - before);
    if (turn !== redraws) return;
    if (shownUrl) URL.revokeObjectURL(shownUrl);
    shownUrl = URL.createObjectURL(picture);
    const image = $("preview-image");
    image.src = shownUrl;
    image.alt = `${previewed}, as the controls say`;
    await image.decode();
    $("preview-facts").textContent =
      `${image.naturalWidth} × ${image.naturalHeight}, ${bytes(picture.size)}, ${picture.type}, in ${ms} ms`;
  } catch (error) {
    if (turn === redraws) $("preview-facts").textContent = `not shown: ${error.message}`;
  }
}

// ---------------------------------------------------------------- failures

let looks = 0;

async function lookAtFailures() {
  const turn = ++looks;
  const { count, failures } = await getJson("failures");
  // An older answer may come after a newer one.
  if (turn !== looks) return;
  const seen = failures.length < count ? `, of which these are ${failures.length}` : "";
  const counted = count === 1 ? "There is one." : `There are ${count}${seen}.`;
  $("failures-count").textContent = count === 0 ? "There are none." : counted;
  $("failures-list").replaceChildren(...failures.map((failure) => make("li", {},
    make("span", { class: "name" }, failure.key ?? failure.id), " ", make("span", { class: "state failed" }, failure.reason ?? "failed"),
    make("p", { class: "facts" }, [failure.message, failure.at].filter(Boolean).join(" · ")))));
  $("redrive").disabled = count === 0;
}

async function redrive() {
  $("redrive").disabled = true;
  say("Redriving");
  const { redriven, left } = await postJson("failures/redrive", {});
  await lookAtFailures();
  const outcomes = redriven.map((one) => `${one.key ?? "an event"}: ${one.outcome}`);
  say(`${redriven.length} redriven, ${left} left. ${outcomes.join(", ")}`);
  if ($("redrive").disabled) $("failures").focus();
  await list(false);
}

// ---------------------------------------------------------------- the whole

function showKey() {
  $("key").value = key.get();
  $("key-state").textContent = key.get() ? "in use" : "";
}

async function refresh() {
  if (!key.get()) {
    say("Listing and uploading take an API key: give it at the top of the page");
    $("key").focus();
    return;
  }
  await list(false);
  await lookAtFailures();
}

function wire() {
  // The address that `thumbline local` prints has the key in it. It stays in this tab, and leaves the address.
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given !== null) {
    key.set(given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  showKey();
  $("key-form").addEventListener("submit", doing(async () => {
    key.set($("key").value.trim());
    showKey();
    await refresh();
  }));
  $("list-form").addEventListener("submit", doing(() => list(false)));
  $("more").addEventListener("click", doing(() => list(true)));
  wireUploads();
  for (const id of ["width", "height", "quality", "fit", "format"]) $(id).addEventListener("input", doing(redraw));
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("preview-copy").addEventListener("click", doing(() => copy($("preview-url"), "The URL")));
  $("failures-look").addEventListener("click", doing(lookAtFailures));
  $("redrive").addEventListener("click", doing(redrive));
  doing(refresh)();
}

wire();
