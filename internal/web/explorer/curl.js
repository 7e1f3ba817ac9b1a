// Writes what stands in the form as a command for bash and zsh. The body is a document within the command that nothing
// reads but curl, so it needs no escaping and shows in no list of processes; none of its lines is EOF, since each line of
// JSON has a bracket or a quote. The access token is left to a variable of the shell, unless it is asked for.
import { $, copy, onChange, pretty } from "./page.js";
import { accessToken } from "./kept.js";
import { endpoint, request } from "./run.js";

// quoted is a text as one word of a shell.
const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

function command() {
  const { body, headers } = request();
  const token = accessToken();
  const lines = [`curl -sS ${quoted(endpoint)}`, `-H 'Content-Type: application/json'`];
  for (const [name, value] of Object.entries(headers)) {
    const left = name.toLowerCase() === "authorization" && token && !$("with-token").checked;
    lines.push(left ? `-H "Authorization: Bearer $TOKEN"` : `-H ${quoted(`${name}: ${value}`)}`);
  }
  lines.push("--data-binary @- <<'EOF'");
  return `${lines.join(" \\\n  ")}\n${pretty(body)}\nEOF\n`;
}

function show() {
  const token = accessToken() !== "";
  $("with-token-field").hidden = !token;
  $("set-token").hidden = !token || $("with-token").checked;
  try {
    $("command").textContent = command();
  } catch (error) {
    $("command").textContent = `There is none: ${error.message}.`;
  }
}

onChange(show);
$("with-token").addEventListener("change", show);
$("copy-command").addEventListener("click", () => copy($("copy-command"), $("command").textContent));
