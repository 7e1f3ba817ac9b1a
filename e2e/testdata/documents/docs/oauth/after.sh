# What was revoked is.
[[ $(curl -s -u "billing:$SECRET" "$SERVICE/auth/introspect" -d "token=$ACCESS") == '{"active":false}' ]]
