# The backup and the restored database are there.
[[ -s latchkey-backup.db ]]
[[ $(psql -At "$EMPTY_DATABASE_URL" -c 'SELECT count(*) FROM users') == 0 ]]
for name in DATABASE_URL EMPTY_DATABASE_URL; do psql -q "$TEST_POSTGRES" -c "DROP DATABASE backup_$$_${#name}"; done
