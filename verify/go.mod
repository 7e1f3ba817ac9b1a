module latchkey/verify

go 1.26.0
