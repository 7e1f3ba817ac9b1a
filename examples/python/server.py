"""A small API whose callers log in with Latchkey. It verifies access tokens by itself.

    python3 server.py
    curl -H "Authorization: Bearer $ACCESS" localhost:3000/hello
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from auth import Refusal, Verifier

verifier = Verifier(
    issuer=os.environ.get("ISSUER", "http://localhost:8080"),
    audience=os.environ.get("AUDIENCE"),
    jwks_url=os.environ.get("JWKS_URL"),
)

# Each route says who may call it, and answers them.
ROUTES = {
    # Everybody who is signed in.
    ("GET", "/hello"): ({}, lambda claims: {"user": claims["sub"], "role": claims["role"]}),
    # Administrators.
    ("GET", "/reports"): ({"role": "ADMIN"}, lambda claims: {"reports": ["Sales", "Returns"]}),
    # Whoever has shown two factors within ten minutes.
    ("POST", "/payments"): ({"max_age": 600, "level": "aal2"}, lambda claims: {"paid": True}),
}


class Handler(BaseHTTPRequestHandler):
    def answer(self):
        route = ROUTES.get((self.command, self.path.split("?")[0]))
        if not route:
            return self.send(404, {"error": "not_found"})
        need, reply = route
        try:
            claims = verifier.verify(self.headers.get("Authorization"), **need)
        except Refusal as refusal:
            return self.refuse(refusal)
        self.send(200, reply(claims))

    do_GET = do_POST = answer

    def log_request(self, code="-", size="-"):
        """Logs no query: it may hold what belongs into no log."""
        self.log_message("%s %s %s", self.command, self.path.split("?")[0], code)

    def refuse(self, refusal):
        """Says why: in the challenge for programs, and in the body for pages, which cannot read that of another origin."""
        body = {"error": refusal.code or "invalid_token", "error_description": refusal.description, **refusal.more}
        if refusal.status == 503:
            headers = {"Retry-After": "1"}
        else:
            parameters = ", ".join(f'{name}="{value}"' for name, value in body.items() if value is not None)
            headers = {"WWW-Authenticate": f"Bearer {parameters}" if refusal.code else "Bearer"}
        self.send(refusal.status, body, {"Cache-Control": "no-store", **headers})

    def send(self, status, body, headers=None):
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": len(text), **(headers or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(text)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "3000"))), Handler)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
