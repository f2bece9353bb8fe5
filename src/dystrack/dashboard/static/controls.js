// Commands, where they are allowed. What was asked, and when it took effect, is shown beside them.
import { h } from "./dom.js";

export class Controls {
  constructor() { this.element = h("div", { class: "controls", hidden: true }); }
  update() {}
  looksAt() {}
  close() {}
}
