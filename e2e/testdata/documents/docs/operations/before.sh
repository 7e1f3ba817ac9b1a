# A list of stolen passwords as it is downloaded, and two databases of PostgreSQL.
for password in 'correct horse battery' 'a quiet lamp by the river' 'twelve blue pencils'; do
  printf %s "$password" | sha1sum | cut -d ' ' -f 1 | tr a-f A-F
done | sort | sed 's/$/:25/' > pwned.txt

PATH=$TEST_POSTGRES_PROGRAMS:$PATH
for name in DATABASE_URL EMPTY_DATABASE_URL; do
  database=operations_$$_${#name}
  psql -q "$TEST_POSTGRES" -c "CREATE DATABASE $database"
  declare "$name=$(echo "$TEST_POSTGRES" | sed "s|\(://[^/]*\)/[^?]*|\1/$database|")"
done
DATABASE_URL=$DATABASE_URL LATCHKEY_ENV=development latchkey migrate
