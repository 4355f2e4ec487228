// The queue of pairs by keyboard: each button says its key (data-key); s lets the other one survive.

const pair = document.getElementById("pair");
const typing = "input:not([type='radio']), textarea, select, [contenteditable]";

function swap() {
  const radios = [...pair.querySelectorAll("input[name='survivor']")];
  const next = (radios.findIndex((radio) => radio.checked) + 1) % radios.length;
  if (radios[next]) radios[next].checked = true;
}

pair.addEventListener("click", (event) => {
  if (event.target.closest("[data-swap]")) swap();
});

// Before everybody else, so that a key means here what the button says.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest(typing)) return;
  if (document.querySelector("dialog[open]")) return;
  const button = pair.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!button) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  button.click();
}, { capture: true });
