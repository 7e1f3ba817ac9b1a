// The explorer: lists the steps that the page carries and every operation of the schema (list.js, schema.js, docs.js), runs
// what stands in the form (run.js) or writes it as a command (curl.js), and takes what answers, mails and the browser's
// passkeys bring to where it is asked for next (kept.js, mail.js, passkeys.js).
import { $, changed, copy, fields, grow, onChange, roomy } from "./page.js";
import { accessToken, forget, sayWho } from "./kept.js";
import { list } from "./list.js";
import { followMail } from "./mail.js";
import { run } from "./run.js";
import "./curl.js";

$("operations").open = roomy.matches;
onChange(sayWho);
list();

for (const id of fields) {
  $(id).addEventListener("input", () => changed(id));
  $(id).addEventListener("keydown", (e) => {
    if (e.key !== "Enter" || !(e.ctrlKey || e.metaKey)) return;
    e.preventDefault();
    $("request").requestSubmit();
  });
}
addEventListener("resize", () => fields.forEach((id) => grow($(id))));
$("more").addEventListener("toggle", () => grow($("headers")));
$("request").addEventListener("submit", (e) => {
  e.preventDefault();
  run();
});
$("copy-token").addEventListener("click", () => copy($("copy-token"), accessToken()));
$("forget").addEventListener("click", forget);
sayWho();
if ($("mail")) followMail();
