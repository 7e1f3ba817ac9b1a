# The list of stolen passwords is there.
[[ -s breaches.lkb ]]
