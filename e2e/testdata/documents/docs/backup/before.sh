# Two databases of PostgreSQL.
PATH=$TEST_POSTGRES_PROGRAMS:$PATH
for name in DATABASE_URL EMPTY_DATABASE_URL; do
  database=backup_$$_${#name}
  psql -q "$TEST_POSTGRES" -c "CREATE DATABASE $database"
  declare "$name=$(echo "$TEST_POSTGRES" | sed "s|\(://[^/]*\)/[^?]*|\1/$database|")"
done
DATABASE_URL=$DATABASE_URL LATCHKEY_ENV=development latchkey migrate
