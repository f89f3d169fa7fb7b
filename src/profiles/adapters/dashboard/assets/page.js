// What only the browser knows: its marks of numbers, whether anybody looks, what the mouse is over.
(() => {
  "use strict";

  // How this browser writes numbers; the server writes them so.
  function numerals() {
    const many = new Intl.NumberFormat(undefined, { numberingSystem: "latn", minimumFractionDigits: 1 });
    const parts = many.formatToParts(123456789.5);
    const of = (type) => parts.filter((part) => part.type === type).map((part) => part.value);
    const whole = of("integer");
    const percent = new Intl.NumberFormat(undefined, {
      numberingSystem: "latn",
      style: "percent",
    }).formatToParts(0.5);
    const place = percent.findIndex((part) => part.type === "integer");
    const text = (some) => some.map((part) => part.value).join("");
    return {
      group: of("group")[0] ?? "",
      decimal: of("decimal")[0],
      first: whole[whole.length - 1].length,
      further: (whole[whole.length - 2] ?? "123").length,
      ungrouped: new Intl.NumberFormat().formatToParts(1234).length > 1 ? 1 : 2,
      before_percent: text(percent.slice(0, place)),
      after_percent: text(percent.slice(place + 1)),
      offset: -new Date().getTimezoneOffset(),
    };
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    page: {
      // Counted in refreshes and not in seconds: a tab that slept has not asked, so has missed
      // nothing.
      offline: (asked, answered) => asked - answered > 2,
      numerals: () => numerals(),
    },
  });

  // A hidden tab asks for nothing; one that is looked at again asks at once.
  document.addEventListener("visibilitychange", () => {
    window.dash_clientside.set_props("interval", { disabled: document.hidden });
    if (!document.hidden) window.dash_clientside.set_props("awake", { data: Date.now() });
  });

  // Drawing a chart anew takes its hover label away: show it again where the mouse still is.
  const hovered = new WeakMap();
  const known = new WeakSet();
  function keepHover(chart) {
    if (known.has(chart) || !chart.on) return;
    known.add(chart);
    chart.on("plotly_hover", (event) => hovered.set(chart, event.points));
    chart.on("plotly_unhover", () => {
      if (!chart.matches(":hover")) hovered.delete(chart);
    });
    chart.on("plotly_afterplot", () => {
      const points = hovered.get(chart);
      if (!points || !chart.matches(":hover")) return;
      const there = points
        .map(({ curveNumber, pointNumber }) => ({ curveNumber, pointNumber }))
        .filter(({ curveNumber, pointNumber }) => pointNumber < chart.data[curveNumber]?.x.length);
      if (there.length) window.Plotly.Fx.hover(chart, there);
    });
  }
  new MutationObserver(() => {
    document.querySelectorAll(".js-plotly-plot").forEach(keepHover);
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
