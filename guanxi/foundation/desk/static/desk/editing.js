// Values edited in place, on a record and in the cells of a list. What is typed is never lost: it is kept as a draft
// until the server has it.

const editorOf = (element) => element?.closest?.("form[data-draft]");
const control = (form) => form.querySelector("[name='value']");
const key = (form) => `draft:${form.dataset.draft}`;
const original = new WeakMap();
const sent = new WeakMap();

function keep(form) {
  try {
    if (control(form).value === original.get(form)) sessionStorage.removeItem(key(form));
    else sessionStorage.setItem(key(form), control(form).value);
  } catch { /* private windows may refuse; the form itself still holds it */ }
}

function forget(form) {
  try { sessionStorage.removeItem(key(form)); } catch { /* as above */ }
}

function draft(form) {
  try { return sessionStorage.getItem(key(form)); } catch { return null; }
}

// The value that the server put there, whatever has been typed since.
function stored(input) {
  if (!input.matches("select")) return input.defaultValue;
  return ([...input.options].find((option) => option.defaultSelected) ?? input.options[0])?.value ?? "";
}

function begin(form) {
  const input = control(form);
  if (form.matches("[data-wrong]")) {
    original.set(form, null); // refused: what stands there is not stored yet
    sent.set(form, input.value);
  } else {
    original.set(form, stored(input));
    const kept = draft(form);
    if (input.value !== stored(input)) return keep(form); // somebody types faster than we get here
    if (kept !== null) input.value = kept;
  }
  input.focus();
  if (input.select && input.type !== "date") input.select();
}

function cancel(form) {
  forget(form);
  form.dataset.leaving = "";
  form.querySelector("[data-fact-cancel]").click();
}

function stay(event) {
  const form = editorOf(event.target);
  if (form !== event.target) return;
  delete form.dataset.busy;
  delete form.dataset.leaving;
  keep(form);
  form.querySelector(".fact-offline")?.removeAttribute("hidden");
}

// Let the editors within `place` work.
export function editInPlace(place) {
  place.addEventListener("htmx:load", (event) => {
    const form = event.target.querySelector?.("form[data-draft]");
    if (form) begin(form);
  });

  place.addEventListener("input", (event) => {
    const form = editorOf(event.target);
    if (form) keep(form);
  });

  place.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fact-cancel]");
    if (button) {
      forget(editorOf(button));
      editorOf(button).dataset.leaving = "";
    }
  });

  place.addEventListener("keydown", (event) => {
    const form = editorOf(event.target);
    if (!form) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      cancel(form);
    } else if (event.key === "Enter" && event.target.matches("textarea") && (event.ctrlKey || event.metaKey)) {
      form.requestSubmit();
    }
  });

  // Leaving the field saves what was changed; the same value is not sent twice by itself after it was refused.
  place.addEventListener("focusout", (event) => {
    const form = editorOf(event.target);
    if (!form || form.contains(event.relatedTarget) || "leaving" in form.dataset) return;
    setTimeout(() => {
      if (!form.isConnected || form.contains(document.activeElement) || "busy" in form.dataset || !document.hasFocus()) return;
      const value = control(form).value;
      if (value === original.get(form)) cancel(form);
      else if (value !== sent.get(form)) form.requestSubmit();
    });
  });

  place.addEventListener("htmx:beforeRequest", (event) => {
    const form = editorOf(event.target);
    if (form !== event.target) return;
    form.dataset.busy = "";
    sent.set(form, control(form).value);
    form.querySelector(".fact-offline")?.setAttribute("hidden", "");
  });

  place.addEventListener("htmx:sendError", stay);
  place.addEventListener("htmx:timeout", stay);
  place.addEventListener("htmx:responseError", stay);
  place.addEventListener("htmx:beforeOnLoad", (event) => { // before the swap takes the form away
    if (event.target.matches?.("form[data-draft]") && event.detail.xhr.status < 400) forget(event.target);
  });
}

export { cancel, draft, editorOf };
