"use strict";
(function () {
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));

  // The theme: that of the system until the button is used.
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemIsDark.matches);
  const nameTheme = () => { button.textContent = isDark() ? "Light" : "Dark"; };
  button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; nameTheme(); });
  systemIsDark.addEventListener("change", nameTheme);
  nameTheme();
  button.hidden = false;

  // The year of the dollar's flow, of all runs at once.
  const range = document.getElementById("year");
  if (range) {
    const labels = JSON.parse(range.dataset.labels);
    const shown = document.getElementById("year-shown");
    const show = () => {
      const year = Number(range.value);
      all(".flows").forEach((figure) => {
        const drawings = all(".flow-year", figure);
        const chosen = Math.min(year, drawings.length - 1);
        drawings.forEach((drawing, place) => { drawing.hidden = place !== chosen; });
      });
      shown.textContent = labels[year];
      range.setAttribute("aria-valuetext", labels[year]);
    };
    range.addEventListener("input", show);
    show();
    range.parentElement.hidden = false;
  }

  // What a bar says, below the drawing.
  all(".flows").forEach((figure) => {
    const readout = figure.querySelector(".readout");
    const tell = (event) => {
      const bar = event.target.closest(".bar");
      if (bar) readout.textContent = bar.getAttribute("aria-label");
    };
    ["focusin", "mouseover", "click"].forEach((kind) => figure.addEventListener(kind, tell));
  });

  // Which series the fans show.
  all(".choices").forEach((choices) => {
    choices.addEventListener("change", (event) => {
      const section = document.getElementById(choices.dataset.for);
      all(".choice", section).forEach((part) => { part.hidden = part.dataset.choice !== event.target.value; });
    });
    choices.hidden = false;
  });
})();
