# Everybody whose hash is read logs in with the password that they had.
psql -q "$TEST_POSTGRES" -c "DROP DATABASE $OLD"

fail() { echo "$*" >&2 && exit 1; }
gql() { curl -s "$SERVICE/graphql" -H 'content-type: application/json' -d "$1"; }
login() {
  gql '{"query": "mutation ($i: LoginInput!) { login(input: $i) { tokens { accessToken } step { challenge } errors { code } } }",
    "variables": {"i": {"login": "'"$1"'@example.org", "password": "correct horse battery"}}}'
}

for who in auth0 supabase keycloak-argon2 keycloak-sha256 keycloak-sha512 keycloak-sha1 better-auth \
  django-pbkdf2 django-scrypt django-argon2 django-bcrypt rails aspnet-net7 aspnet-core aspnet-old; do
  ANSWER=$(login "$who")
  [[ $ANSWER == *'"accessToken":"ey'* ]] || fail "$who: $ANSWER"
done

# Whose hash is not read is there without a password.
latchkey user list --json > list.json
for who in firebase firebase-off supabase-google keycloak-off django-digest django-off aspnet-none; do
  grep -q "\"$who@example.org\"" list.json || fail "$who is not there"
done
! grep -q unconfirmed list.json || fail "an address that nobody confirmed is there"

# Ids stay.
for id in 0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1f21 0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1f01 8e445865-a24d-4543-a6c6-9443d048cd01; do
  grep -q "$id" list.json || fail "$id is not there"
done

# The authenticator app of Keycloak goes on.
CHALLENGE=$(login keycloak-app | grep -o '"challenge":"[^"]*' | cut -d '"' -f 4)
CODE=$(oathtool --totp "$(printf dHdTWk5vYmFkZ2VyMTIz | od -An -tx1 | tr -d ' \n')")
ANSWER=$(gql '{"query": "mutation ($i: ContinueLoginInput!) { continueLogin(input: $i) { tokens { accessToken } errors { code } } }",
  "variables": {"i": {"challenge": "'"$CHALLENGE"'", "answer": {"totpCode": "'"$CODE"'"}}}}')
[[ $ANSWER == *'"accessToken":"ey'* ]] || fail "the authenticator app: $ANSWER"
