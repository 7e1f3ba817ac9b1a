# Ada has an account, and the link of a mail that sets a new password.
echo 'correct horse battery' | latchkey user create --email ada@example.org --username ada
curl -s "$SERVICE/graphql" -H 'content-type: application/json' -o reset.json -d '{
  "query": "mutation ($i: RequestPasswordResetInput!) { requestPasswordReset(input: $i) { errors { code } } }",
  "variables": {"i": {"email": "ada@example.org"}}}'
until TOKEN=$(curl -s "$SERVICE/dev/mail.json?to=ada@example.org" | grep -o 'reset-password?token=[^"\\&]*' | cut -d = -f 2 | head -n 1); [ -n "$TOKEN" ]; do sleep 0.1; done
