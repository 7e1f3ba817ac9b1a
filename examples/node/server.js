// A small API whose callers log in with Latchkey. It verifies access tokens by itself.
//
//   npm install && npm run dev
//   curl -H "Authorization: Bearer $ACCESS" localhost:3000/hello
import { createServer } from 'node:http';
import { createVerifier, Refusal } from './auth.js';

const { ISSUER = 'http://localhost:8080', AUDIENCE, JWKS_URL, PORT = '3000' } = process.env;

const verify = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwksUrl: JWKS_URL });

/** Each route says who may call it, and answers them. */
const routes = {
  // Everybody who is signed in.
  'GET /hello': [{}, (claims) => ({ user: claims.sub, role: claims.role })],

  // Administrators.
  'GET /reports': [{ role: 'ADMIN' }, () => ({ reports: ['Sales', 'Returns'] })],

  // Whoever has shown two factors within ten minutes.
  'POST /payments': [{ maxAge: 600, level: 'aal2' }, () => ({ paid: true })],
};

const server = createServer(async (request, response) => {
  const send = (status, body, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
  const route = routes[`${request.method} ${request.url.split('?')[0]}`];
  if (!route) return send(404, { error: 'not_found' });
  const [need, answer] = route;
  try {
    send(200, answer(await verify(request, need)));
  } catch (error) {
    if (!(error instanceof Refusal)) {
      console.error(error);
      return send(500, { error: 'server_error' });
    }
    refuse(send, error);
  }
});

/** Says why, in the challenge for programs and in the body for pages, which cannot read the challenge of another origin. */
function refuse(send, { status, code, message, more }) {
  const body = { error: code ?? 'invalid_token', error_description: message, ...more };
  const headers = { 'cache-control': 'no-store' };
  if (status === 503) {
    headers['retry-after'] = '1';
  } else {
    const parameters = code ? Object.entries({ ...body, error: code }).filter(([, value]) => value !== undefined) : [];
    headers['www-authenticate'] = `Bearer ${parameters.map(([name, value]) => `${name}="${value}"`).join(', ')}`.trim();
  }
  send(status, body, headers);
}

server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${PORT}`));
