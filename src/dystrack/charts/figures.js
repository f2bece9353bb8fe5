"use strict";
// Draws the figures of a report when they come into sight.
(() => {
  const nonce = document.currentScript.nonce;
  const drawing = makeDrawing();
  let figures = [];

  const unpack = (id) => {
    const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
    const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(plain).text();
  };

  const draw = (place) => drawing.draw(place, figures[place.dataset.figure]);

  const start = async () => {
    const script = document.createElement("script");
    script.nonce = nonce;
    script.textContent = await unpack("plotly");
    document.head.append(script);
    figures = JSON.parse(await unpack("figures"));
    const places = document.querySelectorAll("[data-figure]");
    const watch = new IntersectionObserver((seen) => {
      seen.filter((entry) => entry.isIntersecting && !drawing.has(entry.target)).forEach((entry) => draw(entry.target));
    }, { rootMargin: "600px" });
    places.forEach((place) => watch.observe(place));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawing.again);
    addEventListener("beforeprint", () => places.forEach(draw));
  };
  start();
})();
