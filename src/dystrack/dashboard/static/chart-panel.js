// The charts of a position. They take at most a small share of the browser's time: the longer they
// take to draw, the more rarely they are drawn.
import { get } from "./store.js";
import { h } from "./dom.js";

const SHARE = 0.015;
const LEAST_PAUSE_MS = 900;

let plotly = null;
export const loadPlotly = () => {
  plotly ??= new Promise((loaded, failed) => {
    document.head.append(h("script", { src: "/static/plotly.js", onload: loaded, onerror: failed }));
  });
  return plotly;
};

export class Charts {
  constructor(session, position) {
    this.url = `/api/sessions/${session}/charts?position=${encodeURIComponent(position)}`;
    this.element = h("div", { class: "charts" });
    this.places = new Map();
    this.range = null;
    this.isClosed = false;
    this.drawing = null;
    this.isDrawing = false;
    this.isStale = false;
    this.nextMs = 0;
    this.sight = new IntersectionObserver((seen) => {
      seen.forEach((entry) => { entry.target.inSight = entry.isIntersecting; });
      if (seen.some((entry) => entry.isIntersecting && entry.target.isStale)) this.drawShown();
    }, { rootMargin: "200px" });
    this.again = () => this.drawing?.again();
    addEventListener("themechange", this.again);
  }

  // New prescans: draw soon; at once where something went wrong.
  changed(isUrgent) {
    this.isStale = true;
    if (isUrgent) this.nextMs = 0;
    this.schedule();
  }

  schedule() {
    if (this.timer || this.isClosed) return;
    this.timer = setTimeout(() => { this.timer = null; this.fetch(); }, Math.max(0, this.nextMs - performance.now()));
  }

  async fetch() {
    if (document.hidden || this.isDrawing) { this.nextMs = performance.now() + LEAST_PAUSE_MS; this.schedule(); return; }
    this.isStale = false;
    this.isDrawing = true;
    const span = this.range ? `&from=${this.range[0]}&to=${this.range[1]}` : "";
    const found = await get(this.url + span).catch(() => null);
    try {
      await loadPlotly();
      if (found && !this.isClosed) {
        this.place(found.figures);
        await this.drawShown();
      }
    } finally {
      this.isDrawing = false;
      if (this.isStale || !found) { this.nextMs = Math.max(this.nextMs, performance.now() + LEAST_PAUSE_MS); this.isStale = true; this.schedule(); }
    }
  }

  place(figures) {
    this.drawing ??= Object.assign(makeDrawing(), { zoomed: (range) => { this.range = range; this.changed(true); } });
    for (const figure of figures) {
      if (!this.places.has(figure.name)) {
        const place = h("figure", { class: `chart ${figure.name}`, role: "group" });
        this.places.set(figure.name, place);
        this.element.append(place);
        this.sight.observe(place);
        place.inSight = place.getBoundingClientRect().top < innerHeight + 200;
      }
      const place = this.places.get(figure.name);
      place.figure = figure;
      place.isStale = true;
      place.setAttribute("aria-label", figure.caption);
      place.style.minHeight = `${figure.layout.height}px`;
    }
  }

  async drawShown() {
    const beganMs = performance.now();
    let took = 0;
    for (const place of this.places.values()) {
      if (!place.inSight || !place.isStale || this.isClosed) continue;
      place.isStale = false;
      const startMs = performance.now();
      await this.drawing.draw(place, place.figure);
      took += performance.now() - startMs;
      await new Promise((next) => setTimeout(next, 0)); // let clicks through
    }
    this.nextMs = Math.max(this.nextMs, beganMs + Math.max(LEAST_PAUSE_MS, took / SHARE));
  }

  close() {
    this.isClosed = true;
    clearTimeout(this.timer);
    removeEventListener("themechange", this.again);
    this.sight.disconnect();
    this.drawing?.forget();
  }
}
