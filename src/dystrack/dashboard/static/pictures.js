// The picture of a prescan with what was seen in it. It changes once the next one is there.
import { h, svg } from "./dom.js";

const PAUSES_MS = [400, 1200, 4000]; // before it is asked for again

const scaleBar = (widthUm) => {
  const most = 0.34 * widthUm;
  const power = 10 ** Math.floor(Math.log10(most));
  return Math.max(...[1, 2, 5].map((step) => step * power).filter((length) => length <= most * 1.000001));
};

const cross = (x, y, r) => `M${x - r} ${y}h${2 * r}M${x} ${y - r}v${2 * r}`;

// z, y, x -> the two that are seen, across and down
const seen = (view, [z, y, x]) => (view === "side" ? [x + 0.5, z + 0.5] : [x + 0.5, y + 0.5]);

export const marks = (frame, view, fit = "none") => {
  const [depth, height, width] = frame.size;
  const down = view === "side" ? depth : height;
  const aspect = view === "side" && frame.voxel_um?.[2] ? frame.voxel_um[0] / frame.voxel_um[2] || 1 : 1;
  const drawn = svg("svg", { viewBox: `0 0 ${width} ${down * aspect}`, preserveAspectRatio: fit, "aria-hidden": "true" });
  const r = 0.035 * Math.max(width, down * aspect);
  const at = (point) => { const [across, along] = seen(view, point); return [across, along * aspect]; };
  const add = (kind, d) => drawn.append(svg("path", { class: kind, d }));
  if (view === "top" && frame.outline.length) drawn.append(svg("polygon", { class: "outline", points: frame.outline.map(([y, x]) => `${x + 0.5},${y + 0.5}`).join(" ") }));
  if (frame.trail.length > 1) add("trail", `M${frame.trail.map((point) => at(point).join(" ")).join("L")}`);
  if (frame.centre) add("centre", cross(...at(frame.centre), r));
  if (frame.predicted) { const [x, y] = at(frame.predicted); add("predicted", `M${x - r} ${y}L${x} ${y - r}L${x + r} ${y}L${x} ${y + r}Z`); }
  if (frame.target) { const [x, y] = at(frame.target); drawn.append(svg("circle", { class: "aim", cx: x, cy: y, r })); }
  if (frame.voxel_um?.[2]) {
    const length = scaleBar(width * frame.voxel_um[2]) / frame.voxel_um[2];
    const foot = down * aspect - 0.05 * width;
    if (view === "top") add("scale", `M${0.95 * width} ${foot}h${-length}`);
  }
  return drawn;
};

export const scaleWords = (frame) => (frame?.voxel_um?.[2] ? `Scale bar ${scaleBar(frame.size[2] * frame.voxel_um[2])} µm` : "");

// What of a frame is drawn, so that no legend explains what is not there.
export const drawnKinds = (frame) => ({ aim: frame?.target, centre: frame?.centre, predicted: frame?.predicted, outline: frame?.outline.length, trail: frame?.trail.length > 1 });

export class Picture {
  constructor(view = "top", keepsShape = true) {
    this.view = view;
    this.keepsShape = keepsShape; // otherwise it has the shape of its place, with room beside
    this.fit = keepsShape ? "none" : "xMidYMid meet";
    this.wanted = 0;
    this.missing = h("span", { class: "missing" }, "No picture yet");
    this.element = h("div", { class: `frame ${view}` }, this.missing);
  }

  show(session, number, frame, label) {
    if (this.wanted === number) return;
    this.wanted = number;
    if (!frame) return;
    const [depth, height, width] = frame.size;
    if (this.view === "side" && depth === 1) { this.element.hidden = true; return; }
    this.element.hidden = false;
    const aspect = frame.voxel_um?.[2] ? frame.voxel_um[0] / frame.voxel_um[2] || 1 : 1;
    if (this.keepsShape) this.element.style.aspectRatio = this.view === "side" ? `${width} / ${Math.max(depth * aspect, width / 12)}` : `${width} / ${height}`;
    this.load(`/api/sessions/${session}/prescans/${number}/${this.view}.png`, number, frame, label, PAUSES_MS);
  }

  load(url, number, frame, label, [pause, ...later]) {
    const image = new Image();
    image.alt = label;
    image.onload = () => this.wanted === number && this.element.replaceChildren(image, marks(frame, this.view, this.fit));
    image.onerror = () => {
      if (this.wanted !== number) return;
      if (pause) { setTimeout(() => this.wanted === number && this.load(url, number, frame, label, later), pause); return; }
      this.missing.textContent = "No picture was kept";
      this.element.replaceChildren(this.missing, marks(frame, this.view, this.fit));
    };
    image.src = url;
  }
}
