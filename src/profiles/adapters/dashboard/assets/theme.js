// Colours: as the system has them, or as the reader has chosen. Runs before anything is drawn.
(() => {
  "use strict";
  const CHOICES = ["auto", "light", "dark"];
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let choice = "auto";
  try {
    choice = CHOICES.find((each) => each === localStorage.getItem("colours")) ?? "auto";
  } catch {
    // No storage for this page: as the system.
  }

  function show() {
    root.dataset.choice = choice;
    root.dataset.bsTheme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
  }

  show();
  dark.addEventListener("change", show);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#theme")) return;
    choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
    try {
      localStorage.setItem("colours", choice);
    } catch {
      // Until the page is loaded again.
    }
    show();
  });
})();
