# What is typed where a password is asked for.
exec <<< 'correct horse battery'
