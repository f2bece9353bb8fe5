// What the server has told, kept up to date; goes on by itself after the server was restarted.

export const store = { hello: null, sessions: new Map(), skew: 0, isLive: false };
const listeners = new Set();

export const listen = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const now = () => Date.now() / 1000 + store.skew;

const tell = (id) => listeners.forEach((listener) => listener(id));

const take = (message) => {
  if (message.hello) {
    store.hello = message.hello;
    for (const id of store.sessions.keys()) if (!message.hello.sessions.includes(id)) store.sessions.delete(id);
    return tell(null);
  }
  store.skew = message.now - Date.now() / 1000;
  const known = message.all ? undefined : store.sessions.get(message.session.id);
  store.sessions.set(message.session.id, { ...message.session, tiles: { ...known?.tiles, ...message.tiles } });
  tell(message.session.id);
};

export const connect = (show) => {
  const source = new EventSource("/feed");
  source.onopen = () => { store.isLive = true; show("Live", "good"); };
  source.onmessage = (event) => take(JSON.parse(event.data));
  source.onerror = () => {
    store.isLive = false;
    show("Connecting again", "warn");
    if (source.readyState === EventSource.CLOSED) { // refused: ask why, and try again later
      fetch("/health").then((answer) => show(answer.status === 401 ? "This link is no longer valid" : "Connecting again", "bad"), () => {});
      setTimeout(() => connect(show), 2000);
    }
  };
};

export const get = async (path) => {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
};

export const byTrouble = (one, other) => other.severity - one.severity || one.order - other.order;
