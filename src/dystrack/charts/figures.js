"use strict";
// Draws the figures of a page when they come into sight, in its colours, all times zoomed together.
(() => {
  const nonce = document.currentScript.nonce;
  const usual = {
    displaylogo: false,
    responsive: true,
    modeBarButtonsToRemove: ["select2d", "lasso2d"],
    showSendToCloud: false, // plotly offers to upload a figure unless told: nothing leaves this page
    plotlyServerURL: "",
  };
  const touched = matchMedia("(pointer: coarse)").matches;
  const drawn = new Map(); // place in the page -> its figure
  let figures = [];
  let range = null; // of time, as a person has chosen it
  let isFollowing = false;

  const unpack = (id) => {
    const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
    const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(plain).text();
  };

  // "var(--ink)" -> the colour of that name, light or dark as the page is now
  const coloured = (value, style) => {
    if (typeof value === "string") {
      return value.startsWith("var(--") ? style.getPropertyValue(value.slice(4, -1)).trim() : value;
    }
    if (Array.isArray(value)) {
      return value.some((item) => item && typeof item === "object") ? value.map((item) => coloured(item, style)) : value;
    }
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, style)]));
    }
    return value;
  };

  const draw = async (place) => {
    const figure = figures[place.dataset.figure];
    const style = getComputedStyle(document.documentElement);
    const layout = coloured(figure.layout, style);
    if (touched) layout.dragmode = false; // a finger scrolls the page
    if (figure.linked && range) Object.assign(layout.xaxis, { range, autorange: false });
    const image = { format: "svg", filename: `dystrack_${figure.name}` };
    const config = { ...usual, displayModeBar: touched ? false : "hover", toImageButtonOptions: image };
    const isNew = !drawn.has(place);
    drawn.set(place, figure);
    await Plotly.react(place, coloured(figure.data, style), layout, config);
    if (isNew && figure.linked) follow(place);
  };

  const linked = () => [...drawn].filter(([, figure]) => figure.linked).map(([place]) => place);

  // What a person does to one figure over time is done to all of them.
  const follow = (place) => {
    place.on("plotly_relayout", async (change) => {
      const isZoomed = "xaxis.range[0]" in change;
      if (isFollowing || !(isZoomed || change["xaxis.autorange"])) return;
      isFollowing = true;
      range = isZoomed ? [change["xaxis.range[0]"], change["xaxis.range[1]"]] : null;
      const wanted = range ? { "xaxis.range": range } : { "xaxis.autorange": true };
      await Promise.all(linked().filter((other) => other !== place).map((other) => Plotly.relayout(other, wanted)));
      isFollowing = false;
    });
    const others = () => linked().filter((other) => other !== place && other.parentNode === place.parentNode);
    place.on("plotly_hover", (hover) => {
      if (isFollowing || !hover.event) return;
      isFollowing = true;
      others().forEach((other) => Plotly.Fx.hover(other, { xval: hover.points[0].x }, "xy"));
      isFollowing = false;
    });
    place.on("plotly_unhover", () => others().forEach((other) => Plotly.Fx.unhover(other)));
  };

  const start = async () => {
    const script = document.createElement("script");
    script.nonce = nonce;
    script.textContent = await unpack("plotly");
    document.head.append(script);
    figures = JSON.parse(await unpack("figures"));
    const places = document.querySelectorAll("[data-figure]");
    const watch = new IntersectionObserver((seen) => {
      seen.filter((entry) => entry.isIntersecting && !drawn.has(entry.target)).forEach((entry) => draw(entry.target));
    }, { rootMargin: "600px" });
    places.forEach((place) => watch.observe(place));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => [...drawn.keys()].forEach(draw));
    addEventListener("beforeprint", () => places.forEach(draw));
  };
  start();
})();
