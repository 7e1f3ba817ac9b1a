// The list of operations: the steps that the page carries, in their chapters, and every operation of the schema.
import { $, element, fields, keep, pretty, roomy, say, set } from "./page.js";
import { filled, putKept } from "./kept.js";
import { offerPasskey } from "./passkeys.js";
import { showCode } from "./run.js";
import { operation, readSchema, types } from "./schema.js";
import { showField } from "./docs.js";

const { steps } = JSON.parse($("data").textContent);
for (const step of steps) if (step.variables) step.variables = pretty(JSON.parse(step.variables));

const behind = new Map(); // the button of the next step, by that of a step

// mark shows which button was pressed, and what comes behind it.
function mark(button) {
  for (const b of $("list").querySelectorAll("[aria-current]")) b.removeAttribute("aria-current");
  button.setAttribute("aria-current", "true");
  const next = behind.get(button);
  $("next").hidden = !next;
  $("next").textContent = next ? "Next: " + next.textContent : "";
  $("next").onclick = () => next.click();
}

// choose takes what a button stands for into the form.
function choose(button, what, docs) {
  mark(button);
  keep({ chosen: button.textContent });
  set("query", what.query);
  set("variables", filled(what.variables ?? ""));
  putKept();
  say("None so far.");
  showCode();
  offerPasskey();
  $("docs").hidden = true;
  docs?.();
}

// group lists entries under a title, each a name, a function that returns what it stands for, and one that shows more.
function group(title, entries) {
  const list = element("ul", {});
  const buttons = entries.map(([name, what, docs]) => {
    const button = element("button", { type: "button", className: "plain" }, name);
    button.addEventListener("click", () => {
      choose(button, what(), docs);
      if (roomy.matches) return;
      $("operations").open = false;
      $("request").scrollIntoView();
    });
    list.append(element("li", {}, button));
    return button;
  });
  $("list").append(element("h2", {}, title), list);
  return buttons;
}

// listSteps lists the steps by their chapters, and returns their buttons.
function listSteps() {
  const chapters = [...new Set(steps.map((s) => s.chapter))];
  const buttons = chapters.flatMap((chapter) => group(chapter, steps.filter((s) => s.chapter === chapter).map((s) => [s.name, () => s])));
  buttons.forEach((button, i) => behind.set(button, buttons[i + 1]));
  return buttons;
}

/** Lists everything. What was in the form is there again, or else the first step is. */
export function list() {
  const buttons = listSteps();
  const { chosen, query } = keep();
  if (query === undefined) choose(buttons[0], steps[0]);
  else {
    const button = buttons.find((b) => b.textContent === chosen);
    if (button) mark(button);
    for (const id of fields) set(id, keep()[id] ?? "");
  }
  readSchema().then((schema) => {
    if (!schema) {
      $("list").append(element("p", {}, "The service does not show its schema here. What you write yourself runs all the same."));
      return;
    }
    for (const [title, kind, root] of [["Queries", "query", schema.queryType], ["Mutations", "mutation", schema.mutationType]]) {
      group(title, types[root.name].fields.map((f) => [f.name, () => operation(kind, f), () => showField(f)]));
    }
  });
}
