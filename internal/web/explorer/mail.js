// Shows the newest mail to the address that was used last, where the service keeps mails, and takes what it brings: the
// token of its link, or its code.
import { $, keep } from "./page.js";
import { bring } from "./kept.js";

const linking = ["confirm_registration", "confirm_new_email", "password_reset"];
let shown;

function take({ kind, links, text }) {
  if (linking.includes(kind)) {
    bring({ token: new URL(links[0]).searchParams.get("token") ?? "" });
    return "Its token goes into the variables of the next step.";
  }
  const code = kind === "login_code" && text.match(/^\w{4}-\w{4}$/m)?.[0];
  if (!code) return "";
  bring({ emailCode: code });
  return "Its code goes into the variables of the next step.";
}

async function look() {
  const { mailbox, taken } = keep();
  if (!mailbox || document.hidden) return;
  const response = await fetch("dev/mail.json?" + new URLSearchParams({ to: mailbox }));
  const [newest] = await response.json();
  if (!newest || newest.id === shown) return;
  shown = newest.id;
  $("mail-link").href = "dev/mail/" + newest.id;
  $("mail-link").textContent = newest.subject;
  $("mail-to").textContent = newest.to;
  $("mail-brings").textContent = newest.id === taken ? "" : take(newest); // each once, on a page that is loaded anew too
  keep({ taken: newest.id });
  $("mail").hidden = false;
}

/** Looks for new mail every other second while the page is seen, and soon after each operation. */
export function followMail() {
  const quietly = () => look().catch(() => {}); // the server may be starting anew
  const follow = async () => {
    await quietly();
    setTimeout(follow, 2000);
  };
  $("request").addEventListener("submit", () => setTimeout(quietly, 500));
  follow();
}
