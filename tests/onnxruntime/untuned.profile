unecho-profile 1
untuned 1
