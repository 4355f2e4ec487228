/* Buttons that ask the browser for a passkey: data-passkey="add", "use" or "login"; options lie in the JSON element
   that data-options names, those of a log-in are fetched. The answer goes into the form's field `credential`. */

const options = async (button, form) => {
  if (button.dataset.passkey !== "login")
    return JSON.parse(document.getElementById(button.dataset.options).textContent);
  const answer = await fetch(form.action, { headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" } });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return answer.json();
};

const make = (asked, form) => {
  const wanted = asked.creation_options;
  const alone = form.elements.passwordless?.checked ?? false;
  const selection = wanted.publicKey.authenticatorSelection ?? {};
  selection.residentKey = alone ? "required" : "discouraged";
  selection.requireResidentKey = alone;
  if (alone) selection.userVerification = "required";
  wanted.publicKey.authenticatorSelection = selection;
  return window.webauthnJSON.create(wanted);
};

const run = async (button) => {
  const form = button.form;
  const error = form.querySelector("[data-passkey-error]");
  if (error) error.hidden = true;
  button.disabled = true;
  try {
    const asked = await options(button, form);
    const made = button.dataset.passkey === "add" ? make(asked, form) : window.webauthnJSON.get(asked.request_options);
    form.elements.credential.value = JSON.stringify(await made);
    form.submit();
  } catch {
    if (error) error.hidden = false;
    button.disabled = false;
  }
};

for (const button of document.querySelectorAll("[data-passkey]"))
  button.addEventListener("click", (event) => {
    event.preventDefault();
    run(button);
  });
