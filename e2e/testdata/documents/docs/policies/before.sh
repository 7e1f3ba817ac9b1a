# A list of stolen passwords as it is downloaded.
for password in 'correct horse battery' 'a quiet lamp by the river' 'twelve blue pencils'; do
  printf %s "$password" | sha1sum | cut -d ' ' -f 1 | tr a-f A-F
done | sort | sed 's/$/:25/' > pwned.txt
