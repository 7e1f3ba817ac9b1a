// Has the browser make or use a passkey when an answer has options for it. What it made goes into the variables of what
// comes next.
import { $ } from "./page.js";
import { bring } from "./kept.js";

let options;

/** Offers what the options of an answer ask for, or nothing without them. */
export function offerPasskey(text) {
  options = text && JSON.parse(text);
  $("passkey").hidden = !options;
  $("passkey").textContent = options?.pubKeyCredParams ? "Make the passkey" : "Use a passkey";
  $("passkey-status").textContent = "";
}

async function ask() {
  try {
    const credential = options.pubKeyCredParams
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
    bring({ passkey: JSON.stringify(credential) });
    $("passkey-status").textContent = "The browser's answer goes into the variables of the next step.";
  } catch (error) {
    $("passkey-status").textContent = `The browser made none (${error.name}): ${error.message}`;
  }
}

$("passkey").addEventListener("click", ask);
