// Runs what stands in the form, and shows the answer.
import { $, parsed, pretty, roomy, say } from "./page.js";
import { take } from "./kept.js";
import { offerPasskey } from "./passkeys.js";

/** Where the API is, whatever path the service has. */
export const endpoint = new URL("graphql", document.baseURI).href;

// named returns the name of the operation to run where there are several: the one that the cursor is in.
function named(text) {
  const all = [...text.replace(/#.*/g, (comment) => " ".repeat(comment.length)).matchAll(/\b(?:query|mutation)\s+(\w+)/g)];
  if (all.length < 2) return undefined;
  return (all.findLast((m) => m.index <= $("query").selectionStart) ?? all[0])[1];
}

/** Returns what is to be sent. It throws an error that says which field is not right. */
export function request() {
  const read = (id) => {
    try {
      return parsed(id);
    } catch (error) {
      throw Object.assign(new Error(`the ${id} are not right (${error.message})`), { id });
    }
  };
  const query = $("query").value;
  return { body: { query, variables: read("variables"), operationName: named(query) }, headers: read("headers") };
}

export async function post(body, headers) {
  const response = await fetch(endpoint, {
    method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body),
  });
  return { status: response.status, answer: await response.json() };
}

// showCode shows a QR code, an SVG document, or hides the one that was there.
export function showCode(svg) {
  $("qr").hidden = !svg;
  if (svg) $("qr").src = "data:image/svg+xml," + encodeURIComponent(svg);
}

export async function run() {
  let sent;
  try {
    sent = request();
  } catch (error) {
    $("more").open ||= error.id === "headers";
    return say(`Not sent: ${error.message}.`);
  }
  const began = performance.now();
  say("Running.");
  offerPasskey();
  try {
    const { status, answer } = await post(sent.body, sent.headers);
    say(`Status ${status}, after ${Math.round(performance.now() - began)} ms.`, pretty(answer));
    const payload = Object.values(answer.data ?? {})[0];
    showCode(payload?.totp?.qrCode ?? payload?.step?.totp?.qrCode);
    take(sent.body.variables, answer);
    offerPasskey(payload?.passkeyOptions ?? payload?.step?.passkeyOptions);
  } catch (error) {
    say(`No answer: ${error.message}.`);
  }
  if (!roomy.matches) $("outcome").scrollIntoView();
}
