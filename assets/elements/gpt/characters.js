// Tokens of a text as the characters they make.
/** Tokens joined until whole characters appear: [{text, from, to}] */
export function characters(entries) {
  const groups = [];
  let open = null;
  entries.forEach((entry, i) => {
    if (!entry[3]) { open = null; groups.push({ text: entry[0], from: i, to: i + 1, whole: true }); return; }
    const bytes = entry[3].match(/../g).map((b) => parseInt(b, 16));
    if (!open) { open = { text: "", from: i, to: i + 1, bytes: [], whole: false }; groups.push(open); }
    open.bytes.push(...bytes);
    open.to = i + 1;
    try {
      open.text = new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(open.bytes));
      open.whole = true;
      open = null;
    } catch { open.text = "▯"; if (open.bytes.length > 4) open = null; }
  });
  return groups;
}
