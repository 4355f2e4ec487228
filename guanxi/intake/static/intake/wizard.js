// What all pages of the wizard share: a button that was pressed once is not pressed twice; fields that change nothing
// yet (a name being typed) do not make the page look again.

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.defaultPrevented || !button?.matches("[data-once]")) return;
  // After the event, so that the name and value of the button are still sent.
  setTimeout(() => {
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
  });
});

addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.querySelectorAll("[data-once][aria-busy]").forEach((button) => {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  });
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-quiet]")) event.stopPropagation();
}, true);
