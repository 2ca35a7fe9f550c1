// Which pages were open on this device for more than a moment. The list stays in this browser; nothing is sent.
const KEY = "glassbox-seen";
const MOMENT = 3000;

/** Addresses of the pages seen: ["tokens-bpe", ...]. A browser that keeps nothing has seen nothing. */
export function seen() {
  try { const found = JSON.parse(localStorage.getItem(KEY) ?? "[]"); return Array.isArray(found) ? found.filter((one) => typeof one === "string") : []; } catch { return []; }
}

function keep(list) {
  try { localStorage.setItem(KEY, JSON.stringify(list.slice(-200))); } catch { /* private window */ }
}

export const forget = () => keep([]);

if (!window.__gbSeen) {
  window.__gbSeen = true;
  let at = "", since = 0;
  setInterval(() => {
    const name = location.pathname.split("/").pop();
    if (name !== at || document.hidden) { at = name; since = performance.now(); return; }
    if (name && performance.now() - since >= MOMENT && !seen().includes(name)) keep([...seen(), name]);
  }, 1000);
}
