# The backup and the restored database are there, and nobody else can read them.
[[ -s latchkey-backup.db && $(stat -c %a latchkey-backup.db latchkey.dump | sort -u) == 600 ]]
[[ $(psql -At "$EMPTY_DATABASE_URL" -c 'SELECT count(*) FROM users') == 0 ]]
[[ $(wc -l < deleted.txt) == 2 ]]
for name in DATABASE_URL EMPTY_DATABASE_URL; do psql -q "$TEST_POSTGRES" -c "DROP DATABASE backup_$$_${#name}"; done
