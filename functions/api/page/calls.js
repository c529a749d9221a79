// What the page asks of the API.
//
// All addresses are relative to the page, so that it works under any stage and any domain.

const KEY_PLACE = "thumbline-api-key";
// Where the page itself is: the API's base, with a slash at its end.
export const BASE = new URL("./", location.href.split("#")[0]);

export const key = {
  get: () => sessionStorage.getItem(KEY_PLACE) ?? "",
  set: (value) => sessionStorage.setItem(KEY_PLACE, value),
};

export class ApiError extends Error {
  constructor(status, problem) {
    const allowed = problem.allowed?.length ? ` (allowed: ${problem.allowed.join(", ")})` : "";
    super((problem.detail || problem.title || problem.message || `the API answered ${status}`) + allowed);
    this.status = status;
  }
}

/** A key as a part of a path. Segments of dots would be resolved by the browser, so such keys go as one segment. */
export function keyPath(text) {
  const segments = text.split("/");
  const dotted = segments.some((segment) => /^\.{1,2}$/.test(segment));
  return dotted ? encodeURIComponent(text) : segments.map(encodeURIComponent).join("/");
}

export async function send(path, options = {}) {
  const headers = { ...options.headers };
  if (key.get()) headers["x-api-key"] = key.get();
  let answer;
  try {
    answer = await fetch(new URL(path, BASE), { ...options, headers });
  } catch {
    throw new ApiError(0, { detail: "the API can't be reached" });
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 403 && problem.message === "Forbidden") {
    problem.message = "an API key is needed, and this one is none: give it at the top of the page";
  }
  throw new ApiError(answer.status, problem);
}

export const getJson = async (path) => (await send(path)).json();
export const postJson = async (path, body) =>
  (await send(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } })).json();
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
