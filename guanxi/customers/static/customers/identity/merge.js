// Merging by hand: what was decided is sent once, however often the button is clicked.

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!document.querySelector(`[data-once][form='${CSS.escape(form.id)}']`) && !form.querySelector("[data-once]")) return;
  if ("sent" in form.dataset) event.preventDefault();
  else form.dataset.sent = "";
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
