// The state of a view that the browser keeps by itself: shared by the elements of a page, in the address at once, at Python's after a rest.
//
// `params` is what the page's link holds (components/shell/links.py), as [{key, kind, default, low, high, options}]
// in the order of the address; the browser moves those with a `kind`, and leaves the others as they are (`value`, where an address that asks
// for nothing does not say it). `bare` is what such an address means, where that is not the default.

/** The written form of a value in the address, as components/shell/links.py writes it. */
function written({ kind }, value) {
  if (kind === "Number") return String(Number(value.toFixed(2)));
  if (kind === "Flag") return value ? "1" : "0";
  return kind === "Numbers" ? value.join(".") : String(value);
}

/** A value from the address; undefined if it cannot be used. */
function read({ kind, options, low, high }, raw) {
  if (kind === "Text") return raw;
  if (kind === "Choice") return options.includes(raw) ? raw : undefined;
  if (kind === "Flag") return { 0: false, 1: true }[raw];
  if (kind === "Numbers") return /^[\d.]*$/.test(raw) ? raw.split(".").filter(Boolean).map(Number) : undefined;
  const number = kind === "Integer" ? Math.trunc(Number(raw)) : Number(raw);
  return raw.trim() === "" || !Number.isFinite(number) ? undefined : Math.min(Math.max(number, low), high);
}

export const MOST = 2000; // characters of one text that travel in a link
const BURST = 120; // changes of one thing that follow each other within so many milliseconds (a drag, a key held down) are one step for Back; a text is one each time
let last = { at: -BURST, moved: "" };

/** Put the values into the address; what follows at once replaces what was, later changes can be undone with Back. */
export function keepAddress(params, state) {
  const url = new URL(location.href), before = new URL(location.href).searchParams;
  for (const param of params) { // each is taken out and put at the end: the order is the one in which Python writes them
    const value = param.kind ? written(param, state[param.key]) : url.searchParams.get(param.key) ?? param.value ?? null;
    url.searchParams.delete(param.key);
    if (value !== null && value.length <= MOST && !(param.kind && value === written(param, param.default))) url.searchParams.append(param.key, value);
  }
  if (url.href === location.href) return;
  const changed = params.filter(({ key }) => before.get(key) !== url.searchParams.get(key)), text = changed.some(({ kind }) => kind === "Text");
  const at = performance.now(), moved = changed.map(({ key }) => key).join();
  if (at - last.at < BURST && moved === last.moved && !text) history.replaceState(history.state, "", url);
  else history.pushState({}, "", url);
  last = { at, moved };
}

/** The state in the address. */
export function fromAddress(params) {
  const given = new URL(location.href).searchParams, bare = !params.some(({ key }) => given.has(key));
  return Object.fromEntries(params.filter((param) => param.kind).map((param) => [param.key, (given.has(param.key) ? read(param, given.get(param.key)) : bare ? param.bare : undefined) ?? param.default]));
}

const views = new Map();

/** view(name) -> {state, rev, adopt, change, listen}: one for all elements of a page that name it. */
export function view(name) {
  if (!views.has(name)) {
    const listeners = new Set(), me = {
      state: null,
      rev: null,
      ahead: false, // moved while the server could not be heard: what it sends then is older
      /** Take over what Python moved; true if it was something new. */
      adopt(rev, state) {
        if (me.state && me.rev === rev) return false;
        me.rev = rev;
        if (me.ahead && me.state) return false;
        me.state = { ...me.state, ...state };
        for (const tell of [...listeners]) tell({}, "python");
        return true;
      },
      /** The reader changed something; `listen`ers get (changes, from). */
      change(changes, from = "reader") {
        me.state = { ...me.state, ...changes };
        for (const tell of [...listeners]) tell(changes, from);
      },
      listen(tell) { listeners.add(tell); return () => listeners.delete(tell); },
    };
    views.set(name, me);
  }
  return views.get(name);
}
