module latchkey/examples/go

go 1.26.0

require latchkey/verify v0.0.0

replace latchkey/verify => ../../verify
