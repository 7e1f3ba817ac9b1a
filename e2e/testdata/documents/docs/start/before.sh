# What is typed where a password is asked for.
exec <<< 'a quiet lamp by the river'
