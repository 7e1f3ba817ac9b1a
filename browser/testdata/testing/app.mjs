// An app that is tested as docs/testing.md says: one page, for those who forgot their password.
import { createServer } from 'node:http';

const { APP_PORT, SERVICE } = process.env;
const page = `<!doctype html><title>App</title>
<form><label>Email <input name="email"></label> <button>Send me a link</button></form>
<script>
  document.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const input = { email: event.target.email.value };
    const query = "mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { errors { code } } }";
    fetch("${SERVICE}/graphql", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ query, variables: { input } }) });
  });
</script>`;

createServer((_, response) => response.setHeader('content-type', 'text/html').end(page)).listen(APP_PORT, 'localhost');
