# The list of stolen passwords, the backup and the restored database are there.
[[ -s breaches.lkb && -s latchkey-backup.db ]]
[[ $(psql -At "$EMPTY_DATABASE_URL" -c 'SELECT count(*) FROM users') == 0 ]]
for name in DATABASE_URL EMPTY_DATABASE_URL; do psql -q "$TEST_POSTGRES" -c "DROP DATABASE operations_$$_${#name}"; done
