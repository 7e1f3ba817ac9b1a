// Verifies access tokens as a backend does, with nothing but the address of the service's keys, its issuer and its
// audience. Prints a line of JSON for each token: its header and claims, or why it was refused.
import { createRemoteJWKSet, jwtVerify } from 'jose';

const [jwks, issuer, audience, ...tokens] = process.argv.slice(2);
const keys = createRemoteJWKSet(new URL(jwks));
for (const token of tokens) {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt' });
    console.log(JSON.stringify({ header: protectedHeader, claims: payload }));
  } catch (error) {
    console.log(JSON.stringify({ refused: error.code ?? String(error) }));
  }
}
