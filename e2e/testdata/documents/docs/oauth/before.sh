# Ada has an account and tokens, and the service has the client billing.
echo 'correct horse battery' | latchkey user create --email ada@example.org --username ada
curl -s "$SERVICE/auth/token" -d grant_type=password -d username=ada --data-urlencode 'password=correct horse battery' > tokens.json
ACCESS=$(grep -o '"access_token":"[^"]*' tokens.json | cut -d '"' -f 4)
REFRESH=$(grep -o '"refresh_token":"[^"]*' tokens.json | cut -d '"' -f 4)
SECRET=$(cut -d : -f 2 .env)
USER_ADDRESS=192.0.2.7
