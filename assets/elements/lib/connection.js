// Whether the server can be heard, as Streamlit's own frame says it. The frame's dialog about it would take the keys from what still works, so
// it is closed as soon as it opens; the toolbar says the same in one line.

const app = () => document.querySelector("[data-testid=stApp]");
const listeners = new Set();
let was = true;

export const connected = () => (app()?.getAttribute("data-test-connection-state") ?? "CONNECTED") === "CONNECTED";

/** Whether the server is at work on the page, or has been asked to be. */
export const working = () => (app()?.getAttribute("data-test-script-state") ?? "notRunning") !== "notRunning";

new MutationObserver(() => {
  const now = connected();
  if (now === was) return;
  was = now;
  for (const tell of [...listeners]) tell(now);
}).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["data-test-connection-state"] });

/** Call `tell(connected)` at every change; returns how to stop. */
export function onConnection(tell) {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

new MutationObserver(() => {
  if (connected()) return;
  for (const dialog of document.querySelectorAll("[role=dialog]")) {
    if (/^Connection error/.test(dialog.textContent.trim())) dialog.querySelector("button[aria-label=Close]")?.click();
  }
}).observe(document.body, { subtree: true, childList: true });
