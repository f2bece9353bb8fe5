// Small helpers: elements from values. Text is always text, whatever it holds.

export const h = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "role" && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
};

export const svg = (tag, attributes = {}, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

export const setClass = (element, name) => {
  if (element.className !== name) element.className = name;
};

// 75 -> "1 min 15 s"
export const duration = (seconds) => {
  const total = Math.max(0, Math.round(seconds));
  const units = [[Math.floor(total / 86400), "d"], [Math.floor(total / 3600) % 24, "h"], [Math.floor(total / 60) % 60, "min"], [total % 60, "s"]];
  while (units.length > 1 && !units[0][0]) units.shift();
  return units.slice(0, 2).filter(([n], i, all) => n || all.length === 1 || i === 0).map(([n, unit]) => `${n} ${unit}`).join(" ");
};

// How often something comes; where it is often, to a tenth of a second.
export const pace = (seconds) => (seconds < 9.5 ? `${seconds.toPrecision(2)} s` : duration(seconds));

export const clockTime = (seconds) => {
  const at = new Date(seconds * 1000);
  const isToday = at.toDateString() === new Date().toDateString();
  const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  return isToday ? time : `${at.toLocaleDateString([], { day: "numeric", month: "short" })} ${time}`;
};

export const size = (bytes) => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let n = bytes, i = 0;
  while (n >= 1000 && i < units.length - 1) { n /= 1000; i += 1; }
  return `${n < 10 && i ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
};

export const number = (value, unit) => (value === null || value === undefined ? "–" : `${value.toFixed(value < 100 ? 1 : 0)} ${unit}`);

export const isFound = (tile) => tile.distance !== null && tile.distance !== undefined;

export const milliseconds = (seconds) => (seconds === null || seconds === undefined ? "–" : seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toPrecision(3)} s`);

export const stateClass = (severity) => (severity >= 4 ? "bad" : severity >= 2 ? "warn" : severity === 1 ? "good" : "quiet");

const SIGNS = { bad: "M12 3 22 20H2zM12 9v5M12 16.5v1", warn: "M12 3a9 9 0 1 0 .01 0M12 7v6M12 15.5v1", good: "M12 3a9 9 0 1 0 .01 0M8 12.5l3 3 5-6", quiet: "M12 3a9 9 0 1 0 .01 0M8 12h8" };

export const chip = (text, severity) => {
  const kind = stateClass(severity);
  return h("span", { class: `chip ${kind}` }, svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: SIGNS[kind] })), text);
};
