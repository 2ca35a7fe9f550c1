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
  return `${(p * 100).toPrecision(p < 0.01 ? 2 : 3)}%`;
}

export const full = (x) => (Number.isFinite(x) ? String(x) : num(x));

/** Draw the white space of a token, so that it is never lost. */
export function visible(text, mark = "·") {
  return text.replace(/ /g, mark).replace(/\n/g, "↵").replace(/\t/g, "⇥").replace(/\r/g, "␍")
    .replace(/[\u0000-\u001f\u007f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** A text too long for its place: its beginning, and how many characters it has. */
export function clipped(text, most) {
  if (text.length <= most) return text;
  const head = [...text.slice(0, 2 * most)], size = [...text].length;
  return size <= most ? text : `${head.slice(0, most).join("")}…(${grouped(size)})`;
}

/** 1234567 -> 1,234,567 */
export const grouped = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
