/* Starts jobs and follows them:

     import { start, follow } from "…/django_jobs/jobs.js";

     const job = await start("/exports/", { year: 2026 });
     await follow(job, { onProgress: show, onComplete: done, onError: complain });

   A job is followed by asking its address every two seconds: `status_url` of what `start` returned, the address of
   the status view, or that of the job in the JSON API. A hidden page does not ask. */

const FINISHED = ["completed", "failed", "cancelled"];
const GONE = [401, 403, 404, 410];
const SHORTEST = 250;
const SLOWEST = 60000;

/** The server refused: `status` is the HTTP status, `answer` the JSON that came with it, if any did. */
export class Refused extends Error {
  constructor(response, answer) {
    super(answer?.detail ?? `${response.status} ${response.statusText}`);
    this.name = "Refused";
    this.status = response.status;
    this.answer = answer;
  }
}

/** Tells whether a job has completed, failed or been cancelled. */
export function isFinished(job) {
  return FINISHED.includes(job.status);
}

/** Posts a form, or a body to an address of this site, and returns the job that it started, with its `status_url`.
    An object is sent as JSON, FormData as it is. Throws `Refused`. */
export async function start(target, body = null, { signal } = {}) {
  const isForm = target instanceof HTMLFormElement;
  const url = new URL(isForm ? target.getAttribute("action") ?? "" : target, document.baseURI);
  const sent = packed(isForm ? new FormData(target) : body);
  const response = await fetch(url, { method: "POST", mode: "same-origin", signal, ...sent });
  const job = await response.json().catch(() => null);
  if (!response.ok || response.redirected || !job?.id) {
    throw new Refused(response, job);
  }
  const path = url.pathname.replace(/\/$/, "");
  return { ...job, status_url: new URL(job.status_url ?? `${path}/${job.id}`, url).href };
}

/** Yields how a job stands, at once and at every change, and ends when it has finished.
    `job` is what `start` returned, or an address; `interval` is in seconds. Throws `Refused` when the job is gone or
    may not be seen any more, and the reason of an aborted `signal`. */
export async function* states(job, { interval = 2, signal } = {}) {
  const url = job.status_url ?? job;
  const usual = Math.max(interval * 1000 || 0, SHORTEST);
  let seen = { text: null, etag: null };
  let failures = 0;
  for (;;) {
    await shown(signal);
    const fresh = await ask(url, seen, signal);
    failures = fresh ? 0 : failures + 1;
    if (fresh && fresh.text !== seen.text) {
      seen = fresh;
      const state = JSON.parse(fresh.text);
      yield state;
      if (isFinished(state)) {
        return;
      }
    }
    await pause(failures ? Math.min(usual * 2 ** failures, Math.max(usual, SLOWEST)) : usual, signal);
  }
}

/** Follows a job by callbacks: `onProgress` at every change, then `onComplete`, or `onError` when it failed or was
    cancelled. Returns the finished job; throws as `states` does. */
export async function follow(job, { onProgress, onComplete, onError, ...options } = {}) {
  let state;
  for await (state of states(job, options)) {
    onProgress?.(state);
  }
  (state.status === "completed" ? onComplete : onError)?.(state);
  return state;
}

function packed(body) {
  const headers = { Accept: "application/json", "X-CSRFToken": token() };
  if (body === null || body instanceof FormData || body instanceof URLSearchParams) {
    return { headers, body };
  }
  return { headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

/* From a form of this page, or else from Django's cookie, which some sites hide from scripts. */
function token() {
  const field = document.querySelector("input[name=csrfmiddlewaretoken]");
  return field?.value ?? document.cookie.match(/(?:^|;\s*)csrftoken=([^;]*)/)?.[1] ?? "";
}

/* Returns the answer and its ETag, what was seen last when nothing has changed, null when nothing came to be read. */
async function ask(url, seen, signal) {
  const headers = { Accept: "application/json", ...(seen.etag && { "If-None-Match": seen.etag }) };
  try {
    const response = await fetch(url, { headers, cache: "no-store", credentials: "same-origin", signal });
    return await read(response, seen);
  } catch (error) {
    if (error instanceof Refused || signal?.aborted) {
      throw error;
    }
    return null;
  }
}

async function read(response, seen) {
  if (response.status === 304) {
    return seen;
  }
  if (GONE.includes(response.status) || response.redirected) {
    throw new Refused(response, null);
  }
  if (!response.ok) {
    return null;
  }
  return { text: await response.text(), etag: response.headers.get("ETag") };
}

function pause(milliseconds, signal) {
  return until((done) => {
    const timer = setTimeout(done, milliseconds);
    return () => clearTimeout(timer);
  }, signal);
}

/* Waits while the page is hidden. */
function shown(signal) {
  signal?.throwIfAborted();
  return until((done) => {
    const look = () => document.hidden || done();
    document.addEventListener("visibilitychange", look);
    look();
    return () => document.removeEventListener("visibilitychange", look);
  }, signal);
}

/* Waits for what `begin` was told to call, or for the signal, and tidies up by what `begin` returned. */
async function until(begin, signal) {
  let tidy;
  let abort;
  try {
    await new Promise((resolve, reject) => {
      abort = () => reject(signal.reason);
      signal?.addEventListener("abort", abort);
      tidy = begin(resolve);
    });
  } finally {
    signal?.removeEventListener("abort", abort);
    tidy();
  }
}
