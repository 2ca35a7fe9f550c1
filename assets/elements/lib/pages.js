// Where the other pages are: behind an address of the app, in a folder of files (take_home.js), or nowhere: a file by itself has no others.
const FRAME = ["lang", "size", "theme"]; // what every page's address shares

/** The address of a page (`tokens-bpe`) in a state of its link; null in a file by itself. */
export function addressOf(path, query = {}) {
  if (globalThis.glassboxFile) return globalThis.glassboxFile.addressOf(path, query);
  const url = new URL(location.href), frame = [...url.searchParams].filter(([key]) => FRAME.includes(key));
  url.pathname = url.pathname.replace(/[^/]*$/, path);
  url.search = new URLSearchParams({ ...Object.fromEntries(frame), ...query }).toString();
  url.hash = "";
  return url.href;
}
