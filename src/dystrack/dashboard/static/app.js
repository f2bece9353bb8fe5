// Which page is shown, and that it stays up to date.
import { connect, listen, store } from "./store.js";
import { h, setClass, setText } from "./dom.js";
import { loadPlotly } from "./chart-panel.js";
import { Overview, positionLink } from "./overview.js";
import { PositionPage } from "./position.js";
import { RunPage } from "./run.js";

const main = document.getElementById("main");
const trail = document.getElementById("trail");
const link = document.getElementById("link");
const told = document.getElementById("told");
let page = null;
let shown = null;
const states = new Map();

const route = () => {
  const [, kind, session, , position] = location.hash.replace(/^#/, "").split("/");
  if (kind === "s" && position !== undefined) return { session, position: decodeURIComponent(position) };
  return kind === "s" ? { session } : {};
};

const isKnown = ({ session, position }) => !session || (store.sessions.has(session) && (position === undefined || position in store.sessions.get(session).tiles));

const open = (isChosen) => {
  const wanted = route();
  if (!isKnown(wanted)) {
    if (!shown) main.replaceChildren(h("p", { class: "says" }, "Waiting for it to begin."));
    return;
  }
  if (shown === location.hash) return;
  shown = location.hash;
  page?.close();
  const { session, position } = wanted;
  page = position !== undefined ? new PositionPage(main, session, position) : session ? new RunPage(main, session) : new Overview(main);
  showTrail(wanted);
  if (isChosen) { scrollTo(0, 0); main.focus(); }
};

const showTrail = ({ session, position }) => {
  const steps = [h("a", { href: "#/" }, "All sessions")];
  if (session) steps.push(h("a", { href: `#/s/${session}` }, store.sessions.get(session).name));
  if (position !== undefined) steps.push(h("a", { href: positionLink(session, position) }, `Position ${position}`));
  steps.at(-1).setAttribute("aria-current", "page");
  trail.replaceChildren(...steps);
};

// Says aloud, for screen readers, what changes for the worse or is well again.
const say = (id) => {
  const session = store.sessions.get(id);
  for (const tile of session ? Object.values(session.tiles) : []) {
    const key = `${id} ${tile.position}`;
    const before = states.get(key);
    states.set(key, tile.state);
    if (before && before !== tile.state && (tile.severity >= 2 || before !== "waiting")) setText(told, `${session.name}, position ${tile.position}: ${tile.state}`);
  }
};

const themes = ["", "light", "dark"];
document.getElementById("theme").addEventListener("click", () => {
  const isDark = getComputedStyle(document.documentElement).colorScheme.startsWith("dark") || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  const next = isDark ? themes[1] : themes[2];
  localStorage.setItem("dystrack theme", next);
  document.documentElement.dataset.theme = next;
  dispatchEvent(new Event("themechange"));
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => dispatchEvent(new Event("themechange")));

listen((id) => { open(false); page?.update(id); if (id) say(id); });
addEventListener("hashchange", () => { shown = null; open(true); });
setInterval(() => { if (!document.hidden) page?.tick(); }, 1000);
// Charts are wanted soon: what draws them is there before somebody opens a position.
setTimeout(() => (globalThis.requestIdleCallback ?? setTimeout)(loadPlotly), 1500);
connect((text, kind) => { setText(link, text); setClass(link, `link ${kind}`); });
