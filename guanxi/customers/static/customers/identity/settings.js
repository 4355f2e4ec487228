// Sliders beside the thresholds. Probabilities near to one need fine steps, so a slider goes by bits: every one more
// makes it twice as likely that two are the same.

const MOST = 24;
const bits = (percent) => Math.log2(percent / (100 - percent));
const percent = (value) => 100 / (1 + 2 ** -value);
const rounded = (value) => Number(value.toPrecision(value > 99.9 ? 7 : 4));

function follow(slider, field) {
  const value = Number.parseFloat(field.value);
  if (value > 0 && value < 100) slider.value = Math.min(MOST, Math.max(0, bits(value)));
  else if (value >= 100) slider.value = MOST;
}

document.querySelectorAll("input.threshold").forEach((slider) => {
  const field = document.getElementById(slider.dataset.for);
  slider.hidden = false;
  follow(slider, field);
  slider.addEventListener("input", () => { field.value = Number(slider.value) >= MOST ? "100" : String(rounded(percent(Number(slider.value)))); });
  field.addEventListener("input", () => follow(slider, field));
});
