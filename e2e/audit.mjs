// Runs the GraphQL over HTTP audits of graphql-http against the server at the address given. Prints a line for each
// that is not ok, with its id, how bad that is (error: a MUST, warn: a SHOULD, notice: a MAY), its name and the
// reason, and last how many were ok.
import { auditServer } from 'graphql-http';

const results = await auditServer({ url: process.argv[2] });
for (const { id, name, status, reason } of results) {
  if (status !== 'ok') console.log(`${id} ${status}: ${name}: ${reason}`);
}
console.log(`${results.filter(({ status }) => status === 'ok').length} of ${results.length} ok`);
