// Verifies access tokens as a backend does, with nothing but the address of the service's keys, its issuer and its
// audience. The tokens are arguments or, if there are none, lines of the standard input as they come: then the keys are
// kept as jose keeps them by default. Prints a line of JSON for each token: its header and claims, or why it was refused.
import { createInterface } from 'node:readline';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const [jwks, issuer, audience, ...tokens] = process.argv.slice(2);
const keys = createRemoteJWKSet(new URL(jwks));
for await (const token of tokens.length ? tokens : createInterface({ input: process.stdin })) {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt' });
    console.log(JSON.stringify({ header: protectedHeader, claims: payload }));
  } catch (error) {
    console.log(JSON.stringify({ refused: error.code ?? String(error) }));
  }
}
