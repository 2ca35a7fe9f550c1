// Numbers and tokens as every page shows them.

/** Three significant digits: 0.873, 4.10e-5, 12.3; whole numbers stay whole. */
export function num(x, digits = 3) {
  if (x === null || x === undefined || Number.isNaN(x)) return "–";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (Number.isInteger(x) && size < 1e6) return String(x).replace("-", "−");
  if (size < 1e-3 || size >= 1e6) return x.toExponential(digits - 1).replace("-", "−");
  return Number(x.toPrecision(digits)).toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(size)))).replace("-", "−");
}

/** A probability as a percentage that never says 100% or 0% when it is not. */
export function percent(p) {
  if (p <= 0) return "0%";
  if (p >= 1) return "100%";
  if (p < 0.0001) return "<0.01%";
  if (p > 0.9999) return ">99.99%";
  if (p > 0.9995) return `${(p * 100).toFixed(2)}%`;
  const two = (p * 100).toPrecision(2);
  return `${p < 0.01 && Number(two) < 1 ? two : (p * 100).toPrecision(3)}%`; // 0.998% and 1.00%, never 1.0% beside 1.36%
}

export const full = (x) => (Number.isFinite(x) ? String(x) : num(x));

/** Draw the white space of a token, so that it is never lost. */
export function visible(text, mark = "·") {
  return text.replace(/ /g, mark).replace(/\n/g, "↵").replace(/\t/g, "⇥").replace(/\r/g, "␍")
    .replace(/[\u0000-\u001f\u007f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** How many narrow letters a text is wide: Korean, Chinese and Japanese letters and emoji take two. */
export const cells = (text) => [...text].reduce((n, c) => n + (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/.test(c) || c.codePointAt(0) > 0x1f2ff ? 2 : 1), 0);

/** The beginning of a text that is at most `most` narrow letters wide, with … where something was left out. */
export function narrowed(text, most, fromEnd = false) {
  if (cells(text) <= most) return text;
  const letters = fromEnd ? [...text].reverse() : [...text];
  let room = most - 1;
  const kept = letters.slice(0, letters.findIndex((c) => (room -= cells(c)) < 0));
  return fromEnd ? `…${kept.reverse().join("")}` : `${kept.join("")}…`;
}

/** A text too long for its place: its beginning, and how many characters it has. */
export function clipped(text, most) {
  if (text.length <= most) return text;
  const head = [...text.slice(0, 2 * most)], size = [...text].length;
  return size <= most ? text : `${head.slice(0, most).join("")}…(${grouped(size)})`;
}

/** 1234567 -> 1,234,567 */
export const grouped = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");

/** The words of a text (separated by white space) as [start, end] in characters. */
export function wordSpans(text) {
  const spans = [];
  let at = 0;
  text.split(/([\p{White_Space}\x1c-\x1f]+)/u).forEach((piece, i) => {
    const length = [...piece].length;
    if (i % 2 === 0 && length) spans.push([at, at + length]);
    at += length;
  });
  return spans;
}
