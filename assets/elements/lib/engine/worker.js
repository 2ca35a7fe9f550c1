// The engine in a thread of its own, so that a long text never blocks a click.
import { answer } from "./models.js";

/** The buffers of an answer: they are handed over, not copied. */
const buffers = (value) => (ArrayBuffer.isView(value) ? [value.buffer] : value && typeof value === "object" ? Object.values(value).flatMap(buffers) : []);

self.onmessage = async ({ data: { id, ...message } }) => {
  try {
    const result = await answer(message, (progress) => self.postMessage({ id, progress }));
    self.postMessage({ id, result }, [...new Set(buffers(result))]);
  } catch (error) {
    self.postMessage({ id, error: { code: error.code ?? "fault", message: error.message } });
  }
};
self.postMessage({ ready: true });
