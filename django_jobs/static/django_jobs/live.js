/* Keeps a page of the admin fresh: asks for the parts that change, every two seconds, or as often as the page says; less
   often while nothing changes; not while nobody looks; and no more once all has been said. */
(function () {
  "use strict";

  const INTERVAL = 2000;
  const IDLE = 10000; // the longest pause while nothing changes
  const LONGEST = 30000; // the longest pause while the server does not answer

  const born = new WeakMap(); // when a counting element was shown

  function clock(seconds) {
    const whole = Math.floor(seconds);
    const two = (number) => String(number).padStart(2, "0");
    return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  }

  function tick() {
    for (const element of document.querySelectorAll("[data-elapsed]")) {
      if (!born.has(element)) {
        born.set(element, performance.now());
      }
      const since = (performance.now() - born.get(element)) / 1000;
      element.textContent = clock(Number(element.dataset.elapsed) + since);
    }
  }

  /* Tells a screen reader the status of the job, and every ten percent. */
  function say() {
    const box = document.getElementById("jobs-said");
    const mark = document.querySelector(".jobs-head .jobs-mark");
    if (box && mark) {
      const bar = document.querySelector(".jobs-head progress");
      const text = mark.textContent + (bar ? ` ${Math.floor(bar.value / 10) * 10} %` : "");
      if (box.textContent !== text) {
        box.textContent = text;
      }
    }
  }

  function nameOf(element) {
    return element.value || element.getAttribute("href") || element.parentElement.dataset.key;
  }

  /* Replaces what a part holds; what a person opened stays open, what had the focus keeps it. */
  function replace(part, fresh) {
    const details = Array.from(part.querySelectorAll("details[data-key]"));
    const focus = part.contains(document.activeElement) ? nameOf(document.activeElement) : null;
    part.replaceChildren(...fresh.childNodes);
    for (const { dataset, open } of details) {
      const same = part.querySelector(`details[data-key="${dataset.key}"]`);
      if (same) {
        same.open = open;
      }
    }
    if (focus) {
      const same = Array.from(part.querySelectorAll("a, button, summary")).find((one) => nameOf(one) === focus);
      if (same) {
        same.focus();
      }
    }
  }

  function rowsOf(page) {
    const rows = page.querySelectorAll("#result_list tbody tr");
    return new Map(Array.from(rows, (row) => [row.querySelector("th a, td a")?.getAttribute("href"), row]));
  }

  /* Freshens the rows of a list where they stand, though not what is ticked or has the focus; only tells of others. */
  function freshen(page) {
    const wanted = rowsOf(page);
    const shown = rowsOf(document);
    for (const [key, row] of shown) {
      Array.from(wanted.has(key) ? row.cells : []).forEach((cell, index) => {
        const fresh = wanted.get(key).cells[index];
        const isBusy = cell.querySelector("input") || cell.contains(document.activeElement);
        if (!isBusy && fresh && cell.innerHTML !== fresh.innerHTML) {
          cell.replaceChildren(...fresh.childNodes);
        }
      });
    }
    const isSame = wanted.size === shown.size && Array.from(wanted.keys()).every((key) => shown.has(key));
    document.getElementById("jobs-others").hidden = isSame;
  }

  function idsOf(part) {
    return new Set(Array.from(part.children, (line) => line.dataset.id));
  }

  /* Takes away the lines that fell out and adds those that are new; the others stay the same elements. */
  function mend(part, fresh) {
    const known = idsOf(part);
    const wanted = idsOf(fresh);
    const added = Array.from(fresh.children).filter((line) => line.dataset.id && !known.has(line.dataset.id));
    for (const line of Array.from(part.children)) {
      if (!line.dataset.id || !wanted.has(line.dataset.id)) {
        line.remove();
      }
    }
    const first = fresh.firstElementChild;
    if (first && !first.dataset.id) {
      part.prepend(first); // that there are more, or none
    }
    part.append(...added);
  }

  /* The log of a job: it stands still while somebody reads further up or has marked something in it. */
  class Log {
    constructor(part) {
      this.part = part;
      this.box = part.parentElement;
      this.button = document.getElementById("jobs-log-new");
      this.button.addEventListener("click", () => this.jump());
      this.box.addEventListener("scroll", () => this.settle());
      document.addEventListener("selectionchange", () => this.settle());
    }

    get isHeld() {
      const marked = window.getSelection();
      return this.box.scrollTop < -4 || (!marked.isCollapsed && this.part.contains(marked.anchorNode));
    }

    take(fresh) {
      this.waiting = fresh;
      this.settle();
    }

    settle() {
      if (this.waiting && !this.isHeld) {
        mend(this.part, this.waiting);
        this.waiting = null;
      }
      this.count();
    }

    count() {
      const known = idsOf(this.part);
      const more = this.waiting ? Array.from(idsOf(this.waiting)).filter((id) => id && !known.has(id)).length : 0;
      const text = `${this.button.dataset.text} ${more}`;
      this.button.hidden = !more;
      if (this.button.textContent !== text) {
        this.button.textContent = text;
      }
    }

    jump() {
      window.getSelection().removeAllRanges();
      this.box.scrollTop = 0;
      this.settle();
    }
  }

  class Follower {
    constructor(source) {
      this.url = source.dataset.url;
      this.etag = source.dataset.etag;
      this.finished = "finished" in source.dataset;
      this.editable = "editable" in source.dataset;
      this.pause = this.interval = Number(source.dataset.interval || 0) * 1000 || INTERVAL;
      this.timer = 0;
      this.asking = false;
      this.seen = new Map();
      const lines = document.querySelector(".jobs-log [data-live=log]");
      this.log = lines && new Log(lines);
    }

    start() {
      document.addEventListener("visibilitychange", () => this.wake());
      this.plan();
      window.setInterval(tick, 1000);
      tick();
      say();
    }

    wake() {
      this.pause = this.interval;
      this.plan(0);
    }

    plan(delay = this.pause) {
      window.clearTimeout(this.timer);
      if (!document.hidden && !this.stopped && !this.asking) {
        this.timer = window.setTimeout(() => this.ask(), delay);
      }
    }

    slowDown(factor, longest) {
      this.pause = Math.min(this.pause * factor, Math.max(longest, this.interval));
    }

    async ask() {
      this.asking = true;
      try {
        await this.read(await this.fetch());
      } catch {
        this.slowDown(2, LONGEST);
      }
      this.asking = false;
      this.plan();
    }

    fetch() {
      const headers = { "If-None-Match": this.etag, "X-Requested-With": "XMLHttpRequest" };
      return fetch(this.url, { headers, cache: "no-store", credentials: "same-origin" });
    }

    async read(response) {
      if (response.status === 304) {
        this.stopped = this.finished; // a finished job whose page shows all of it
        this.slowDown(1.3, IDLE);
      } else if (response.status >= 500) {
        throw new Error(response.statusText);
      } else if (!response.ok || response.redirected) {
        this.giveUp();
      } else {
        this.show(await response.text());
        this.pause = this.interval;
        this.etag = response.headers.get("ETag");
      }
    }

    giveUp() {
      this.stopped = true;
      document.getElementById("jobs-stopped").hidden = false;
    }

    show(text) {
      const fresh = new DOMParser().parseFromString(text, "text/html");
      const { dataset } = fresh.getElementById("jobs-live");
      this.finished = "finished" in dataset;
      this.interval = Number(dataset.interval || 0) * 1000 || this.interval;
      for (const part of fresh.querySelectorAll("[data-live]")) {
        this.showPart(part);
      }
      if (document.getElementById("jobs-others")) {
        freshen(fresh);
      }
      if (this.editable && !("editable" in dataset)) {
        this.closeForm();
      }
      tick();
      say();
    }

    showPart(fresh) {
      const name = fresh.dataset.live;
      const part = document.querySelector(`[data-live="${name}"]`);
      if (part && this.seen.get(name) !== fresh.innerHTML) {
        this.seen.set(name, fresh.innerHTML);
        if (name === "log") {
          this.log.take(fresh);
        } else {
          replace(part, fresh);
        }
      }
    }

    /* The job has started: the form on this page could not be saved any more. */
    closeForm() {
      for (const element of document.querySelectorAll("#job_form fieldset, .submit-row, #submit-row")) {
        element.hidden = true;
      }
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-confirm]");
    if (button && !window.confirm(button.dataset.confirm)) {
      event.preventDefault();
    }
  });

  document.addEventListener("DOMContentLoaded", () => {
    const source = document.getElementById("jobs-live");
    if (source && !("finished" in source.dataset)) {
      new Follower(source).start();
    }
  });
})();
