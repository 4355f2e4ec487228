// Runs before the first paint. "auto" follows the system, so that no page flashes in the wrong theme; and what is chosen
// of theme and language stands at once in the cookies that the server reads, whatever becomes of the request that tells
// it: whoever follows a link before it has answered loses nothing.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const choice = root.dataset.themeChoice;
    const theme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
    if (root.dataset.bsTheme === theme) return;
    root.dataset.bsTheme = theme;
    root.dispatchEvent(new CustomEvent("theme", { detail: theme }));
  };
  dark.addEventListener("change", apply);
  root.addEventListener("theme-choice", apply);
  apply();

  const A_YEAR = 365 * 86_400;
  document.addEventListener("submit", ({ target, submitter }) => {
    if (!target.matches("[data-choice]") || !submitter) return;
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `${submitter.name}=${submitter.value}; path=/; max-age=${A_YEAR}; samesite=lax${secure}`;
  });
})();
