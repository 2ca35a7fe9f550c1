// A BPE run as it arrives from components/lm/tokens/bpe_lesson.py: a head in JSON, then arrays.

const TYPES = { u2: Uint16Array, i4: Int32Array, f8: Float64Array };

/** Read a head: its length (4 bytes), JSON, and where what follows begins. */
function readHead(buffer, at) {
  const length = new DataView(buffer, at, 4).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, at + 4, length)));
  return { head, rest: at + 4 + length };
}

/** What the page says (words, step, runs) and, behind it, the run itself. */
export function openBlock(bytes) {
  const buffer = bytes.slice().buffer; // a copy of its own, so that numbers lie where typed arrays need them
  const { head, rest } = readHead(buffer, 0);
  return { meta: head, block: { buffer, at: rest } };
}

/** The run: head and arrays by name, and a few look-ups. */
export function openLesson({ buffer, at }) {
  const { head, rest } = readHead(buffer, at);
  const lesson = { ...head };
  for (const [name, [type, offset, length]] of Object.entries(head.arrays)) lesson[name] = new TYPES[type](buffer, rest + offset, length);
  lesson.n = lesson.merged.length;
  lesson.mark = head.mark ?? "";
  lesson.idOf = new Map(head.symbols.map((symbol, id) => [symbol, id]));
  lesson.shown = (id) => head.shown[id] ?? head.symbols[id];
  const texts = new Map();
  /** A word as a reader writes it: without its mark, jamo composed. */
  lesson.wordText = (word) => {
    if (!texts.has(word)) {
      let text = "";
      for (let i = lesson.word_starts[word]; i < lesson.word_starts[word + 1]; i += 1) text += head.symbols[lesson.letters[i]];
      if (lesson.mark && text.endsWith(lesson.mark)) text = text.slice(0, -lesson.mark.length);
      texts.set(word, text.normalize("NFC"));
    }
    return texts.get(word);
  };
  return lesson;
}

/**
 * One word after `moment` merges, as tiles {id, start, end, fresh, from, to}: `fresh` was made by the last merge;
 * the next merge joins a tile with `from` to the following one with `to`.
 */
export function wordAt(lesson, word, moment) {
  const begin = lesson.word_starts[word], end = lesson.word_starts[word + 1];
  const tiles = [];
  let text = "", tile = null;
  const close = () => { if (tile) tile.id = lesson.idOf.get(text); };
  for (let i = begin; i < end; i += 1) {
    const gone = lesson.removed_by[i];
    const letter = lesson.symbols[lesson.letters[i]];
    if (tile && gone > 0 && gone <= moment) {
      text += letter;
      tile.end = i - begin + 1;
      if (gone === moment) tile.fresh = true;
    } else {
      close();
      const before = tile;
      tile = { id: -1, start: i - begin, end: i - begin + 1, fresh: false, from: false, to: false };
      if (before && gone === moment + 1) { before.from = true; tile.to = true; }
      text = letter;
      tiles.push(tile);
    }
  }
  close();
  return tiles;
}

/** Points of a curve for an SVG polyline: at most 300 of them, however long the run is. */
export function curvePoints(values, width, height) {
  const n = values.length - 1;
  const count = Math.min(n, 300);
  let high = 0;
  for (const value of values) high = Math.max(high, value);
  const points = [];
  for (let i = 0; i <= count; i += 1) {
    const at = count ? Math.round((i * n) / count) : 0;
    points.push(`${((n ? at / n : 0) * width).toFixed(2)},${(height - (values[at] / (high || 1)) * height).toFixed(2)}`);
  }
  return points.join(" ");
}
