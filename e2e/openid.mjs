// Finds the service by its issuer alone, as OpenID Connect Discovery has it, and uses what it found: asks for tokens by
// password, refreshes them, verifies the access token by the keys, has it introspected and revokes it. The arguments are
// the issuer, id and secret of a client, and a username and password. Prints a line of JSON with what came of it.
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';

const [issuer, id, secret, username, password] = process.argv.slice(2);
const options = { execute: [client.allowInsecureRequests] }; // plain http on this machine
const config = await client.discovery(new URL(issuer), id, secret, client.ClientSecretPost(secret), options);
const server = config.serverMetadata();
const first = await client.genericGrantRequest(config, 'password', { username, password });
const next = await client.refreshTokenGrant(config, first.refresh_token);
const keys = createRemoteJWKSet(new URL(server.jwks_uri));
const algorithms = server.id_token_signing_alg_values_supported;
const verified = await jwtVerify(next.access_token, keys, { issuer: server.issuer, audience: server.issuer, typ: 'at+jwt', algorithms })
  .then(({ payload }) => payload.sub, (error) => error.code);
const { active, sub } = await client.tokenIntrospection(config, next.access_token);
await client.tokenRevocation(config, next.refresh_token);
const after = await client.tokenIntrospection(config, next.access_token);
console.log(JSON.stringify({ algorithms, verified, active, sub, after: after.active, idToken: next.id_token ?? null }));
