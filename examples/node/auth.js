// Verifies the access tokens of Latchkey by the keys that it publishes.
import { createLocalJWKSet, errors, jwtVerify } from 'jose';

const second = 1000;
const minute = 60 * second;

const isKeyId = /^[\w-]{43}$/; // an RFC 7638 thumbprint, as the service names its keys

/** Why a request is turned away: its status, and what RFC 6750 and RFC 9470 have in the challenge. */
export class Refusal extends Error {
  constructor(status, code, description, more = {}) {
    super(description);
    Object.assign(this, { status, code, more });
  }
}

/** Returns a function that verifies a request's token and gives its claims, or throws a Refusal. */
export function createVerifier({ issuer, audience = issuer, jwksUrl = `${issuer}/.well-known/jwks.json` }) {
  const keys = patientKeys(new URL(jwksUrl));
  const expected = {
    issuer,
    audience,
    typ: 'at+jwt',
    algorithms: ['ES256', 'EdDSA', 'RS256'], // never HS256: whoever verifies that can make tokens
    requiredClaims: ['sub', 'sid', 'client_id', 'jti', 'iat', 'exp'],
    clockTolerance: '5s',
  };

  return async function verify(request, { role, maxAge, level } = {}) {
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (!token) throw new Refusal(401, undefined, 'No access token came along.');

    const claims = await claimsOf(token);
    if (role && claims.role !== role) {
      throw new Refusal(403, 'insufficient_scope', 'Another role is needed.');
    }
    const shownAgo = Date.now() / second - (claims.auth_time ?? -Infinity);
    if ((maxAge && shownAgo > maxAge) || (level && claims.acr !== level)) {
      throw new Refusal(401, 'insufficient_user_authentication', 'A fresh proof of who you are is needed.', {
        acr_values: level,
        max_age: maxAge,
      });
    }
    return claims;
  };

  async function claimsOf(token) {
    try {
      return (await jwtVerify(token, keys, expected)).payload;
    } catch (error) {
      if (error instanceof Unreachable) {
        throw new Refusal(503, 'temporarily_unavailable', 'Tokens cannot be verified now: try again.');
      }
      throw new Refusal(401, 'invalid_token', 'The access token is not valid here.');
    }
  }
}

class Unreachable extends Error {}

/**
 * The keys of a JWK Set, for jose: kept for five minutes, and asked for once a minute at most when a token names one that
 * is not there. While the service is away, those of the last hour go on being used.
 */
function patientKeys(url) {
  let set; // finds a key for a token
  let ids = new Set();
  let fetched = -Infinity; // when they were, as Date.now() counts
  let failed = -Infinity; // when fetching them failed
  let asked = -Infinity; // when an unknown key had them fetched
  let pending; // the fetch that is under way, for everybody

  function refresh() {
    pending ??= fetchKeys()
      .catch(() => (failed = Date.now()))
      .finally(() => (pending = undefined));
    return pending;
  }

  async function fetchKeys() {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(2 * second) });
    if (!response.ok) throw new Error(`the keys: ${response.status}`);
    const jwks = await response.json();
    set = createLocalJWKSet(jwks);
    ids = new Set(jwks.keys.map(({ kid }) => kid));
    fetched = Date.now();
  }

  return async function key(header, token) {
    if (!isKeyId.test(header.kid)) throw new errors.JWKSNoMatchingKey();
    const now = Date.now();
    if (now - fetched > 5 * minute) {
      if (now - failed > 10 * second) await refresh();
    } else if (!ids.has(header.kid) && now - asked > minute) {
      asked = now;
      await refresh();
    }
    if (pending && !ids.has(header.kid)) await pending;
    if (!set || Date.now() - fetched > 60 * minute) throw new Unreachable();
    return set(header, token);
  };
}
