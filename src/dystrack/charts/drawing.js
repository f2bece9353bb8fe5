"use strict";
// Draws figures in the colours of their page; what a person does to one over time, all do.
globalThis.makeDrawing = () => {
  const usual = {
    displaylogo: false,
    responsive: true,
    modeBarButtonsToRemove: ["select2d", "lasso2d"],
    showSendToCloud: false, // plotly offers to upload a figure unless told: nothing leaves this page
    plotlyServerURL: "",
  };
  const touched = matchMedia("(pointer: coarse)").matches;
  const drawn = new Map(); // place in the page -> its figure
  let range = null; // of time, as a person has chosen it
  let isFollowing = false;

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

  const draw = async (place, figure) => {
    const style = getComputedStyle(document.documentElement);
    const layout = coloured(figure.layout, style);
    layout.uirevision = "as a person left it";
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

  const zoom = async (wanted, source) => {
    isFollowing = true;
    range = wanted;
    const change = range ? { "xaxis.range": range } : { "xaxis.autorange": true };
    await Promise.all(linked().filter((other) => other !== source).map((other) => Plotly.relayout(other, change)));
    isFollowing = false;
  };

  const follow = (place) => {
    place.on("plotly_relayout", async (change) => {
      const isZoomed = "xaxis.range[0]" in change;
      if (isFollowing || !(isZoomed || change["xaxis.autorange"])) return;
      await zoom(isZoomed ? [change["xaxis.range[0]"], change["xaxis.range[1]"]] : null, place);
      drawing.zoomed(range);
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

  const drawing = {
    draw,
    zoom,
    zoomed: () => {}, // is told the range of time once a person has chosen another one
    has: (place) => drawn.has(place),
    again: () => [...drawn].forEach(([place, figure]) => draw(place, figure)),
    forget: () => {
      for (const place of drawn.keys()) Plotly.purge(place);
      drawn.clear();
      range = null;
    },
  };
  return drawing;
};
