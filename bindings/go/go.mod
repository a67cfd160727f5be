module unecho

go 1.19
