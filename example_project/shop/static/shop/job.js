// The page of a job: <job-status> follows the job and tells of every change; this brings the rest of the page along.

const page = document.querySelector("[data-rest]");
const status = page.querySelector("job-status");

async function refresh() {
  const answer = await fetch(page.dataset.rest, { cache: "no-store" });
  if (answer.ok) page.querySelector("[data-show=rest]").innerHTML = await answer.text();
}

function showButtons({ detail: job }) {
  for (const form of page.querySelectorAll("form[data-when]")) {
    form.hidden = (form.dataset.when === "finished") !== job.is_finished;
  }
}

status.addEventListener("progress", showButtons);
status.addEventListener("progress", refresh);
// A job that followed has ended: it may have brought another. These events do not bubble, so they are caught on their way.
for (const end of ["complete", "error"]) {
  page.querySelector("[data-show=rest]").addEventListener(end, refresh, true);
}
