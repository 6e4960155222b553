/* <job-status src="…/jobs/<id>.json" interval="2">: shows how a job stands, and follows it until it has finished.

   What it shows comes from the server, so that it is translated and a project's own template holds. Events, which do
   not bubble, bring the job as `detail`: `progress` at every change, `complete` at the end, `error` when the job
   failed or was cancelled, `lost` when it may not be followed any more. An element whose `status` says at the start
   that the job has finished asks nothing and tells nothing. */

import { isFinished, states } from "./jobs.js";

class JobStatus extends HTMLElement {
  static observedAttributes = ["src"];

  #stop = null;
  #job = null;

  /** The job as it was heard of last, null before. */
  get job() {
    return this.#job;
  }

  connectedCallback() {
    this.#stop ??= this.#begin();
  }

  disconnectedCallback() {
    this.#stop?.abort();
    this.#stop = null;
  }

  /* Another address is another job. */
  attributeChangedCallback() {
    if (this.#stop) {
      this.disconnectedCallback();
      this.removeAttribute("status");
      this.connectedCallback();
    }
  }

  #begin() {
    const stop = new AbortController();
    if (this.hasAttribute("src") && !isFinished({ status: this.getAttribute("status") })) {
      this.#follow(stop.signal);
    }
    return stop;
  }

  async #follow(signal) {
    const options = { interval: Number(this.getAttribute("interval") ?? 2), signal };
    try {
      for await (const job of states(this.getAttribute("src"), options)) {
        this.#show(job);
      }
    } catch (error) {
      if (!signal.aborted) {
        this.#lose();
      }
      return;
    }
    this.#tell(this.#job.status === "completed" ? "complete" : "error");
  }

  #show(job) {
    this.#job = job;
    this.setAttribute("status", job.status);
    refresh(this.#box(), job.html);
    this.#tell("progress");
  }

  #box() {
    const found = this.querySelector(".job-status-state");
    const box = found ?? Object.assign(document.createElement("div"), { className: "job-status-state" });
    if (!found) {
      this.prepend(box);
    }
    return box;
  }

  #lose() {
    const note = this.querySelector(".job-status-lost");
    if (note) {
      note.hidden = false;
      note.textContent = note.dataset.text;
    }
    this.#tell("lost");
  }

  #tell(name) {
    this.dispatchEvent(new CustomEvent(name, { detail: this.#job }));
  }
}

/* Changes only the parts that are new, in place: a screen reader reads these, and the bar glides. */
function refresh(box, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  const parts = [...fresh.querySelectorAll("[data-part]")];
  const known = parts.map(({ dataset }) => box.querySelector(`[data-part="${CSS.escape(dataset.part)}"]`));
  if (!parts.length || known.includes(null)) {
    box.replaceChildren(...fresh.childNodes);
  } else {
    parts.forEach((part, index) => renew(known[index], part));
  }
}

function renew(part, fresh) {
  for (const name of part.getAttributeNames().filter((each) => !fresh.hasAttribute(each))) {
    part.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (part.getAttribute(name) !== value) {
      part.setAttribute(name, value);
    }
  }
  if (part.innerHTML !== fresh.innerHTML) {
    part.replaceChildren(...fresh.childNodes);
  }
}

if (!customElements.get("job-status")) {
  customElements.define("job-status", JobStatus);
}
