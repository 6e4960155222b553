// A form that starts its job in place: what became of it is told below the button, and nobody leaves the page.

import { follow, start } from "../django_jobs/jobs.js";

async function show(job, form) {
  const [bar, line] = form.querySelectorAll(".told > *");
  form.querySelector(".told").hidden = false;
  await follow(job, {
    interval: 1,
    onProgress(state) {
      bar.value = state.progress_percent ?? 0;
      line.textContent = state.progress_message || `The job is ${state.status}.`;
    },
    onComplete(state) {
      const link = Object.assign(document.createElement("a"), { href: state.result.page, textContent: "See what it made" });
      line.replaceChildren(link);
    },
    onError(state) {
      line.textContent = state.error;
    },
  });
}

async function startInPlace(form) {
  const button = form.querySelector("button");
  button.disabled = true;
  const job = await start(form).catch(() => null);
  if (job === null) form.submit(); // the usual way shows what is wrong with the form
  else await show(job, form).catch(() => location.reload());
  button.disabled = false;
}

for (const form of document.querySelectorAll("form[data-in-place]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    startInPlace(form);
  });
}
