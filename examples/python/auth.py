"""Verifies the access tokens of Latchkey by the keys that it publishes."""

import json
import re
import threading
import time
from urllib.request import urlopen

import jwt

ALGORITHMS = {"ES256", "EdDSA", "RS256"}  # never HS256: whoever verifies that can make tokens
KEY_ID = re.compile(r"[\w-]{43}", re.ASCII)  # an RFC 7638 thumbprint, as the service names its keys
REQUIRED = ["iss", "aud", "sub", "sid", "client_id", "jti", "iat", "exp"]

# In seconds.
FRESH = 5 * 60  # how long keys are kept
STALE = 60 * 60  # how long they are used while the service is away
UNKNOWN_EACH = 60  # between fetches that unknown keys cause
PAUSE = 10  # between fetches while the service is away
TIMEOUT = 2  # of a fetch


class Refusal(Exception):
    """Why a request is turned away: its status, and what RFC 6750 and RFC 9470 have in the challenge."""

    def __init__(self, status, code, description, **more):
        super().__init__(description)
        self.status, self.code, self.description, self.more = status, code, description, more


class Keys:
    """The keys of a JWK Set. One thread fetches them at a time, and the others wait for it."""

    def __init__(self, url):
        self._url = url
        self._lock = threading.Lock()
        self._keys = {}  # by kid: the algorithm and the key
        self._fetched = self._tried = self._asked = float("-inf")

    def find(self, kid):
        """Returns algorithm and key, or None for a kid that is not there."""
        if kid not in self._keys or self._is_stale():
            with self._lock:
                self._refresh(kid)
        if time.monotonic() - self._fetched > STALE:
            raise Refusal(503, "temporarily_unavailable", "Tokens cannot be verified now: try again.")
        return self._keys.get(kid)

    def _is_stale(self):
        return time.monotonic() - self._fetched > FRESH

    def _refresh(self, kid):
        now = time.monotonic()
        if self._is_stale():
            if now - self._tried < PAUSE:
                return
        elif kid in self._keys or now - self._asked < UNKNOWN_EACH:
            return
        else:
            self._asked = now
        self._tried = now
        try:
            with urlopen(self._url, timeout=TIMEOUT) as response:
                published = json.load(response)["keys"]
            self._keys = {k["kid"]: (k["alg"], jwt.PyJWK(k).key) for k in published if k.get("alg") in ALGORITHMS}
            self._fetched = now
        except (OSError, ValueError, LookupError, TypeError, jwt.PyJWTError):
            pass  # the ones at hand go on


class Verifier:
    def __init__(self, issuer, audience=None, jwks_url=None):
        self._issuer = issuer
        self._audience = audience or issuer
        self._keys = Keys(jwks_url or issuer + "/.well-known/jwks.json")

    def verify(self, authorization, role=None, max_age=None, level=None):
        """Returns the claims of a request's token, by its Authorization header, or raises a Refusal."""
        match = re.fullmatch(r"Bearer +(\S+)", authorization or "", re.IGNORECASE)
        if not match:
            raise Refusal(401, None, "No access token came along.")
        try:
            claims = self._claims(match[1])
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):  # the last of a header that is nested too deep
            raise Refusal(401, "invalid_token", "The access token is not valid here.") from None
        if role and claims.get("role") != role:
            raise Refusal(403, "insufficient_scope", "Another role is needed.")
        shown_ago = time.time() - claims.get("auth_time", float("-inf"))
        if (max_age and shown_ago > max_age) or (level and claims.get("acr") != level):
            description = "A fresh proof of who you are is needed."
            raise Refusal(401, "insufficient_user_authentication", description, acr_values=level, max_age=max_age)
        return claims

    def _claims(self, token):
        header = jwt.get_unverified_header(token)
        if header.get("typ") != "at+jwt" or "crit" in header:
            raise jwt.InvalidTokenError("not an access token")
        found = KEY_ID.fullmatch(header.get("kid", "")) and self._keys.find(header["kid"])
        if not found:
            raise jwt.InvalidTokenError("signed by nobody that is known")
        algorithm, key = found  # the key says which algorithm, never the token
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=self._issuer,
            audience=self._audience,
            leeway=5,
            options={"require": REQUIRED},
        )
